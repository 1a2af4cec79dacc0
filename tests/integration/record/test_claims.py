"""A job is claimed by one worker, when its time has come, while it waits."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from chalicelib.db.clock import seconds_from_now
from chalicelib.domain.jobs import FINAL
from chalicelib.services.claims import ClaimAnswer, claim, read_parameters
from tests.factories.jobs import (
    create_claimed_job,
    create_job,
    expire_lease,
    new_claim,
    read_job,
    set_job,
)


@pytest.mark.parametrize("state", ["PENDING", "RETRY"])
def test_waiting_job_is_claimed(engine: Engine, state: str) -> None:
    job = create_job(engine, state=state, attempts=1)
    held = new_claim(job.id, "worker-7")
    assert claim(engine, held, 40.0) is ClaimAnswer.CLAIMED
    row = read_job(engine, job.id)
    assert (row.state, row.attempts) == ("STARTED", 2)
    assert (row.worker_id, row.claim_id) == ("worker-7", held.claim_id)
    assert (row.lease_expires_at - row.started_at).total_seconds() == 40.0


def test_claim_knows_which_attempt_it_is(engine: Engine) -> None:
    job = create_job(engine, state="RETRY", attempts=3)
    held = new_claim(job.id)
    assert claim(engine, held, 40.0) is ClaimAnswer.CLAIMED
    assert held.attempt == 4
    again = new_claim(job.id)
    assert claim(engine, again, 40.0) is ClaimAnswer.TAKEN
    assert again.attempt == 0


@pytest.mark.parametrize("state", ["STARTED", *sorted(FINAL)])
def test_job_that_runs_or_has_ended_is_taken(engine: Engine, state: str) -> None:
    before = create_job(engine, state=state)
    assert claim(engine, new_claim(before.id), 40.0) is ClaimAnswer.TAKEN
    assert read_job(engine, before.id) == before


def test_lapsed_lease_alone_does_not_free_a_job(engine: Engine) -> None:
    held = create_claimed_job(engine)
    expire_lease(engine, held.job_id)
    assert claim(engine, new_claim(held.job_id), 40.0) is ClaimAnswer.TAKEN


def test_job_whose_time_has_not_come_is_early(engine: Engine) -> None:
    job = create_job(engine, run_at=seconds_from_now(60))
    assert claim(engine, new_claim(job.id), 40.0) is ClaimAnswer.EARLY
    assert read_job(engine, job.id) == job


def test_job_that_is_not_there_is_unknown(engine: Engine) -> None:
    assert claim(engine, new_claim("no-such-job"), 40.0) is ClaimAnswer.UNKNOWN


def test_claim_whose_answer_was_lost_can_be_asked_again(engine: Engine) -> None:
    held = create_claimed_job(engine)
    before = read_job(engine, held.job_id)
    assert claim(engine, held, 40.0) is ClaimAnswer.CLAIMED
    assert read_job(engine, held.job_id) == before, "it was counted twice"


def test_old_claim_is_not_the_answer_once_the_job_has_ended(engine: Engine) -> None:
    held = create_claimed_job(engine)
    set_job(engine, held.job_id, state="SUCCESS")
    assert claim(engine, held, 40.0) is ClaimAnswer.TAKEN


def test_of_eight_at_once_one_wins(engine: Engine) -> None:
    job_ids = [create_job(engine).id for _ in range(10)]
    together = threading.Barrier(8, timeout=30)

    def rush(number: int) -> list[ClaimAnswer]:
        answers = []
        for job_id in job_ids:
            together.wait()
            answers.append(claim(engine, new_claim(job_id, f"worker-{number}"), 40.0))
        return answers

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(rush, range(8)))
    for given in zip(*answers, strict=True):
        assert sorted(given) == ["claimed"] + ["taken"] * 7
    assert [read_job(engine, job_id).attempts for job_id in job_ids] == [1] * 10


def test_parameters_are_read_from_the_row(engine: Engine) -> None:
    message = {"args": [1], "embed": {"chain": None}, "headers": {}}
    job = create_job(engine, parameters={"a": 1}, message=message)
    assert read_parameters(engine, job.id) == ({"a": 1}, message)
