"""Jobs of any state, and what time does to them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Engine, Row, update

from chalicelib.db.clock import now, seconds_from_now
from chalicelib.db.tables import jobs
from chalicelib.domain.ids import new_id
from chalicelib.domain.jobs import FINAL
from chalicelib.services import claims
from chalicelib.services.claims import Claim, ClaimAnswer
from tests.factories.rows import Target, insert_row, open_target, read_rows

WORKER = "worker-1"


def create_job(target: Target, **overrides: Any) -> Row[Any]:
    """A PENDING job that is due; `state` STARTED is held by a claim, final ones have ended."""
    values: dict[str, Any] = {
        "id": new_id(),
        "project_id": "demo",
        "task": "test.echo",
        "queue": "default",
        "parameters": {"text": "hello"},
        "state": "PENDING",
        "created_at": now(),
        "run_at": now(),
        "attempts": 0,
        "max_attempts": 3,
    }
    state = overrides.get("state", "PENDING")
    if state == "STARTED":
        values |= {"attempts": 1, "started_at": now(), "claim_id": new_id(), "rung_at": now()}
        values |= {"worker_id": WORKER, "lease_expires_at": seconds_from_now(40)}
    elif state in FINAL:
        values |= {"attempts": 1, "started_at": now(), "finished_at": now(), "rung_at": now()}
        values |= {"worker_id": WORKER, "claim_id": new_id()}
    return insert_row(target, jobs, values | overrides)


def new_claim(job_id: str, worker_id: str = WORKER) -> Claim:
    """The claim of one more delivery of a job's bell."""
    return Claim(job_id=job_id, claim_id=new_id(), worker_id=worker_id)


def create_claimed_job(engine: Engine, worker_id: str = WORKER, **overrides: Any) -> Claim:
    """A job that was submitted and claimed the way workers do it; returns the claim."""
    held = new_claim(create_job(engine, **overrides).id, worker_id)
    assert claims.claim(engine, held, 40.0) is ClaimAnswer.CLAIMED
    return held


def read_job(target: Target, job_id: str) -> Row[Any]:
    """The job as it is now."""
    (row,) = read_rows(target, jobs, id=job_id)
    return row


def set_job(target: Target, job_id: str, **values: Any) -> None:
    """Write columns of a job by hand."""
    with open_target(target) as connection:
        connection.execute(update(jobs).where(jobs.c.id == job_id).values(values))


def expire_lease(target: Target, job_id: str) -> None:
    """Let so much time pass that the lease on a job has lapsed."""
    set_job(target, job_id, lease_expires_at=seconds_from_now(-1))
