"""Jobs whose messages came before their rows: those of other Celery clients."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, insert, select
from sqlalchemy.exc import IntegrityError

from chalicelib import enqueued
from chalicelib.db.clock import now
from chalicelib.db.engine import connect, in_transaction
from chalicelib.db.tables import controls, jobs
from chalicelib.domain.jobs import JobState
from chalicelib.services.claims import (
    Claim,
    ClaimAnswer,
    claim,
    covers,
    held_values,
    transition,
)
from chalicelib.services.followers import plan_failure
from chalicelib.services.outcomes import Fault


class NewJob(msgspec.Struct, frozen=True, kw_only=True):
    """The row of a job whose message came from another Celery client."""

    project_id: str
    task: str
    queue: str
    parameters: Any
    message: Any
    max_attempts: int
    #: The ETA that its sender gave.
    run_at: datetime | None = None
    #: The job that sent it.
    parent_id: str | None = None
    #: What it calls: see `services.upstreams`.
    upstream: str | None = None


def adopt(engine: Engine, held: Claim, new: NewJob, lease_seconds: float) -> ClaimAnswer:
    """Give a foreign message its row: claimed, or waiting if it asks for a later time."""
    values: dict[str, Any] = {}
    begins = new.run_at is None and not _is_controlled(engine, new)
    if begins:
        values |= {"attempts": 1, "state": JobState.STARTED.value}
        values |= held_values(held, lease_seconds)
    if _insert(engine, held.job_id, new, values) and begins:
        held.attempt = 1
        return ClaimAnswer.CLAIMED
    return claim(engine, held, lease_seconds)


def end_expired(engine: Engine, job_id: str, new: NewJob) -> None:
    """The message expired before its job began: REVOKED, in a row of its own if need be."""
    fault = Fault(type="Expired", code="expired", message="It expired.", retryable=False)
    ended: dict[str, Any] = {"finished_at": now(), "error": fault}

    def work(connection: Connection) -> None:
        statement = transition("cancel").where(jobs.c.id == job_id).values(ended)
        if not connection.execute(statement).rowcount:
            row = _columns(job_id, new) | ended | {"state": JobState.REVOKED.value}
            connection.execute(insert(jobs).values(row))
        plan_failure(connection, connection.execute(select(jobs).where(jobs.c.id == job_id)).one())

    with suppress(IntegrityError):  # a second delivery was faster
        in_transaction(engine, work)


def _is_controlled(engine: Engine, new: NewJob) -> bool:
    """Whether something was said about its queue, task or upstream: see `services.admission`."""
    query = select(controls.c.name).where(covers(new.queue, new.task, new.upstream)).limit(1)
    with connect(engine) as connection:
        return connection.execute(query).first() is not None


def _insert(engine: Engine, job_id: str, new: NewJob, values: dict[str, Any]) -> bool:
    """Insert the row, PENDING unless `values` say more; False if a second delivery was faster."""
    try:
        with connect(engine) as connection:
            connection.execute(insert(jobs).values(_columns(job_id, new) | values))
    except IntegrityError:
        return False
    enqueued.count([new.task])
    return True


def _columns(job_id: str, new: NewJob) -> dict[str, Any]:
    return {
        **msgspec.structs.asdict(new),
        "id": job_id,
        "state": JobState.PENDING.value,
        "attempts": 0,
        "created_at": now(),
        "run_at": now() if new.run_at is None else new.run_at,
    }
