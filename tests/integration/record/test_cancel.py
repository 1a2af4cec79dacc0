"""A job is cancelled at once while it waits, and by an order while it runs."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from chalicelib.db.clock import seconds_from_now
from chalicelib.errors import ImmutableObject, NotFound
from chalicelib.services.claims import claim
from chalicelib.services.dispatcher import ring_due
from chalicelib.services.job_orders import cancel
from tests.factories.attempts import read_attempts
from tests.factories.jobs import create_claimed_job, create_job, new_claim, read_job
from tests.fakes.sqs import FakeSqs


@pytest.mark.parametrize("state", ["PENDING", "RETRY"])
def test_waiting_job_is_cancelled_at_once(engine: Engine, state: str) -> None:
    job = create_job(engine, state=state)
    row = cancel(engine, "demo", job.id)
    assert (row.state, row.result) == ("REVOKED", None)
    assert row.finished_at is not None
    assert row.cancel_requested_at is not None
    assert read_attempts(engine, job.id) == []


def test_cancelled_job_is_not_started(engine: Engine) -> None:
    job = create_job(engine)
    cancel(engine, "demo", job.id)
    assert claim(engine, new_claim(job.id), 40.0) == "taken"


def test_cancelled_job_is_not_rung(engine: Engine, sqs: FakeSqs) -> None:
    job = create_job(engine, run_at=seconds_from_now(10))
    cancel(engine, "demo", job.id)
    assert ring_due(engine) == 0


def test_job_of_next_month_can_be_cancelled(engine: Engine) -> None:
    job = create_job(engine, run_at=seconds_from_now(30 * 86_400))
    assert cancel(engine, "demo", job.id).state == "REVOKED"


def test_running_job_is_ordered_to_stop(engine: Engine) -> None:
    held = create_claimed_job(engine)
    row = cancel(engine, "demo", held.job_id)
    assert (row.state, row.finished_at, row.claim_id) == ("STARTED", None, held.claim_id)
    assert row.cancel_requested_at is not None


def test_second_order_changes_nothing(engine: Engine) -> None:
    held = create_claimed_job(engine)
    first = cancel(engine, "demo", held.job_id)
    assert cancel(engine, "demo", held.job_id) == first
    job = create_job(engine)
    first = cancel(engine, "demo", job.id)
    assert cancel(engine, "demo", job.id) == first


@pytest.mark.parametrize("state", ["SUCCESS", "FAILURE"])
def test_job_that_has_ended_cannot_be_cancelled(engine: Engine, state: str) -> None:
    job = create_job(engine, state=state)
    with pytest.raises(ImmutableObject, match=state):
        cancel(engine, "demo", job.id)
    assert read_job(engine, job.id) == job


def test_job_of_another_project_is_not_found(engine: Engine) -> None:
    job = create_job(engine)
    for project_id, job_id in (("other", job.id), ("demo", "no-such-job")):
        with pytest.raises(NotFound):
            cancel(engine, project_id, job_id)
    assert read_job(engine, job.id) == job
