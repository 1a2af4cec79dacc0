"""Those who follow a job hear of its end without success, in whatever way it ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Connection, Engine

from chalicelib.broker.contracts.canvas import FAIL_FOLLOWERS
from chalicelib.broker.contracts.diagnostics import ECHO
from chalicelib.db.engine import in_transaction
from chalicelib.db.tables import jobs
from chalicelib.services import job_orders
from chalicelib.services.adoption import NewJob as ForeignJob
from chalicelib.services.adoption import end_expired
from chalicelib.services.claims import Claim
from chalicelib.services.dispatcher import dispatch_due
from chalicelib.services.followers import read_failed
from chalicelib.services.job_lifecycle import (
    fail,
    give_up,
    lock_claimed,
    release,
    revoke,
    succeed,
)
from chalicelib.services.job_reading import JobFilter
from chalicelib.services.jobs import NewJob, submit
from chalicelib.services.outcomes import Fault
from tests.factories.jobs import create_claimed_job, create_job, expire_lease, set_job
from tests.factories.rows import read_rows

pytestmark = pytest.mark.usefixtures("sqs")

FAULT = Fault(type="KeyError", message="no", retryable=False)
CHORD = {"chord": {"task": "plain.total", "options": {"task_id": "body-1"}}}
EMBEDS: list[dict[str, Any]] = [
    CHORD,
    {"chain": [{"task": "plain.add", "options": {"task_id": "next-1"}}]},
    {"errbacks": [{"task": "plain.errback"}]},
]


def message(embed: dict[str, Any] = CHORD) -> dict[str, Any]:
    return {"args": [], "embed": embed, "headers": {"group": "group-1"}}


def heard_of(engine: Engine) -> list[str]:
    """Ids of the jobs whose followers are to hear."""
    found = read_rows(engine, jobs, task=FAIL_FOLLOWERS.name)
    assert all(row.parent_id == row.parameters["job_id"] for row in found)
    assert all(row.rung_at is not None for row in found)
    return [row.parent_id for row in found]


def give_up_lost(engine: Engine) -> str:
    held = create_claimed_job(engine, message=message(), max_attempts=1)
    expire_lease(engine, held.job_id)
    dispatch_due(engine)
    return held.job_id


def give_up_failed(engine: Engine) -> str:
    held = create_claimed_job(engine, message=message())
    fail(engine, held, FAULT, lambda attempts, max_attempts: None)
    return held.job_id


def drop(engine: Engine) -> str:
    held = create_claimed_job(engine, message=message())
    revoke(engine, held, FAULT)
    return held.job_id


def cancel_waiting(engine: Engine) -> str:
    row = create_job(engine, message=message())
    job_orders.cancel(engine, "demo", row.id)
    return str(row.id)


def cancel_many(engine: Engine) -> str:
    row = create_job(engine, message=message())
    job_orders.cancel_many(engine, "demo", JobFilter(), limit=10)
    return str(row.id)


def cancel_running(engine: Engine) -> str:
    held = create_claimed_job(engine, message=message())
    job_orders.cancel(engine, "demo", held.job_id)
    release(engine, held, "it stopped")
    return held.job_id


def supersede(engine: Engine) -> str:
    """The first of the key waits for its turn, and another of the task takes its place."""
    new = NewJob(contract=ECHO, parameters={"message": "x"}, key="k", delay_seconds=60)
    row = submit(engine, "demo", new)
    set_job(engine, row.id, message=message())
    submit(engine, "demo", NewJob(contract=ECHO, parameters={}, key="k", supersedes=True))
    return str(row.id)


def expire(engine: Engine) -> str:
    foreign = ForeignJob(
        project_id="demo",
        task="plain.add",
        queue="default",
        parameters={},
        message=message(),
        max_attempts=3,
    )
    end_expired(engine, "foreign-1", foreign)
    return "foreign-1"


@pytest.mark.parametrize(
    "end",
    [
        give_up_lost,
        give_up_failed,
        drop,
        cancel_waiting,
        cancel_many,
        cancel_running,
        supersede,
        expire,
    ],
)
def test_followers_hear_of_every_end_without_success(
    engine: Engine, end: Callable[[Engine], str]
) -> None:
    job_id = end(engine)
    assert heard_of(engine) == [job_id]
    assert read_failed(engine, job_id) is not None


@pytest.mark.parametrize("embed", EMBEDS)
def test_chords_chains_and_errbacks_are_followers(engine: Engine, embed: dict[str, Any]) -> None:
    row = create_job(engine, message=message(embed))
    job_orders.cancel(engine, "demo", row.id)
    assert heard_of(engine) == [row.id]


@pytest.mark.parametrize("said", [None, message({"callbacks": [{"task": "plain.add"}]})])
def test_nobody_hears_of_a_job_that_nobody_follows(engine: Engine, said: Any) -> None:
    job_orders.cancel(engine, "demo", create_job(engine, message=said).id)
    assert heard_of(engine) == []


def test_followers_do_not_hear_of_a_success_or_of_an_attempt_that_is_not_the_last(
    engine: Engine,
) -> None:
    succeed(engine, create_claimed_job(engine, message=message()), None)
    held = create_claimed_job(engine, message=message())
    fail(engine, held, FAULT, lambda attempts, max_attempts: 1.0)
    assert heard_of(engine) == []


def test_what_is_planned_is_undone_with_the_end_of_the_job(engine: Engine) -> None:
    held = create_claimed_job(engine, message=message())

    def break_off(connection: Connection) -> None:
        row = lock_claimed(connection, held)
        assert row is not None
        give_up(connection, row, FAULT, outcome="failed")
        raise RuntimeError("killed before the commit")

    with pytest.raises(RuntimeError):
        in_transaction(engine, break_off)
    assert heard_of(engine) == []


def test_followers_of_a_job_that_runs_again_do_not_hear(engine: Engine) -> None:
    job_id = cancel_waiting(engine)
    job_orders.retry(engine, "demo", job_id)
    assert read_failed(engine, job_id) is None


def test_end_of_a_lost_claim_tells_nobody(engine: Engine) -> None:
    held = create_claimed_job(engine, message=message())
    lost = Claim(job_id=held.job_id, claim_id="another", worker_id="w")
    assert fail(engine, lost, FAULT, lambda attempts, max_attempts: None) is None
    assert heard_of(engine) == []
