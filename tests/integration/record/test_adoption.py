"""A message of another Celery client gets its row when it is claimed."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from chalicelib.services.adoption import NewJob, adopt
from chalicelib.services.claims import ClaimAnswer
from chalicelib.services.dispatcher import dispatch_due, ring_due
from tests.factories.jobs import create_job, expire_lease, new_claim, read_job
from tests.fakes.sqs import FakeSqs

LEASE = 40.0


def make_new_job(**overrides: Any) -> NewJob:
    fields: dict[str, Any] = {
        "project_id": "default",
        "task": "test.echo",
        "queue": "default",
        "parameters": {"a": 1},
        "message": {"args": [1], "embed": {}, "headers": {}},
        "max_attempts": 5,
    }
    return NewJob(**(fields | overrides))


def test_foreign_message_becomes_a_job_that_runs(engine: Engine) -> None:
    held = new_claim("foreign-1")
    assert adopt(engine, held, make_new_job(), LEASE) is ClaimAnswer.CLAIMED
    row = read_job(engine, "foreign-1")
    assert (row.state, row.attempts, row.claim_id) == ("STARTED", 1, held.claim_id)
    assert (row.parameters, row.message["args"], row.max_attempts) == ({"a": 1}, [1], 5)
    assert row.lease_expires_at > row.started_at


def test_message_with_an_eta_becomes_a_row_that_waits_to_be_rung(
    engine: Engine, sqs: FakeSqs
) -> None:
    eta = datetime.now(UTC) + timedelta(days=3)
    answer = adopt(engine, new_claim("foreign-1"), make_new_job(run_at=eta), LEASE)
    row = read_job(engine, "foreign-1")
    assert answer is ClaimAnswer.EARLY
    assert (row.state, row.attempts, row.run_at, row.rung_at) == ("PENDING", 0, eta, None)
    assert ring_due(engine) == 0


def test_message_whose_eta_has_passed_runs(engine: Engine) -> None:
    eta = datetime.now(UTC) - timedelta(seconds=5)
    answer = adopt(engine, new_claim("foreign-1"), make_new_job(run_at=eta), LEASE)
    assert answer is ClaimAnswer.CLAIMED
    assert read_job(engine, "foreign-1").attempts == 1


def test_second_delivery_finds_the_job_taken(engine: Engine) -> None:
    adopt(engine, new_claim("foreign-1"), make_new_job(), LEASE)
    before = read_job(engine, "foreign-1")
    answer = adopt(engine, new_claim("foreign-1"), make_new_job(parameters={}), LEASE)
    assert answer is ClaimAnswer.TAKEN
    assert read_job(engine, "foreign-1") == before


def test_lost_answer_can_be_asked_again(engine: Engine) -> None:
    held = new_claim("foreign-1")
    answers = [adopt(engine, held, make_new_job(), LEASE) for _ in range(2)]
    assert answers == [ClaimAnswer.CLAIMED] * 2
    assert read_job(engine, "foreign-1").attempts == 1


@pytest.mark.parametrize("state", ["SUCCESS", "FAILURE", "REVOKED"])
def test_job_that_has_ended_is_not_adopted_again(engine: Engine, state: str) -> None:
    create_job(engine, id="foreign-1", state=state)
    answer = adopt(engine, new_claim("foreign-1"), make_new_job(), LEASE)
    assert answer is ClaimAnswer.TAKEN
    assert read_job(engine, "foreign-1").state == state


def test_of_eight_deliveries_at_once_one_adopts(engine: Engine) -> None:
    together = threading.Barrier(8, timeout=30)

    def rush(number: int) -> ClaimAnswer:
        together.wait()
        return adopt(engine, new_claim("foreign-1", f"worker-{number}"), make_new_job(), LEASE)

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(rush, range(8)))
    assert sorted(answers) == ["claimed"] + ["taken"] * 7
    assert read_job(engine, "foreign-1").attempts == 1


def test_adopted_job_is_rescued_like_another(engine: Engine, sqs: FakeSqs) -> None:
    adopt(engine, new_claim("foreign-1"), make_new_job(), LEASE)
    expire_lease(engine, "foreign-1")
    dispatch_due(engine)
    (sent,) = sqs.sent
    assert (sent.job_id, sent.headers["retries"]) == ("foreign-1", 1)
    assert sent.content[:2] == [[1], {"a": 1}]
