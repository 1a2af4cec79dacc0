"""Jobs as clients see them: submitted, looked at, cancelled."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, Row, func, insert, null, select, update

from chalicelib.broker.bell import MAX_DELAY_SECONDS, ring
from chalicelib.broker.contracts import TaskContract
from chalicelib.broker.message import Bell
from chalicelib.db.clock import now, seconds_from_now
from chalicelib.db.engine import connect, in_transaction
from chalicelib.db.paging import newest_first, older_than
from chalicelib.db.tables import attempts, jobs
from chalicelib.domain.ids import new_id
from chalicelib.domain.jobs import WAITING, JobState
from chalicelib.errors import DatabaseUnavailable, ImmutableObject, NotFound
from chalicelib.services.claims import transition
from chalicelib.services.outcomes import JobFacts, settle_cancelled
from chalicelib.tracing import trace_columns

logger = logging.getLogger(__name__)

#: Rows of one INSERT; SQLite takes at most 32,766 values in a statement.
_ROWS_PER_INSERT = 500


class NewJob(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks for; parameters are valid for the contract."""

    contract: TaskContract
    parameters: msgspec.Struct | dict[str, Any]
    #: Seconds from now until it may run.
    delay_seconds: float = 0.0
    #: The moment that `delay_seconds` leads to, if it is known exactly.
    run_at: datetime | None = None
    #: For who has to know that no other job has it; one is drawn otherwise.
    job_id: str | None = None


def submit(engine: Engine, project_id: str, new: NewJob) -> Row[Any]:
    """Record a job, ring its bell, and return its row."""

    def work(connection: Connection) -> tuple[Row[Any], Bell]:
        bell = insert_job(connection, project_id, new)
        return _find(connection, project_id, bell.job_id), bell

    row, bell = in_transaction(engine, work)
    ring_committed(engine, [bell])
    return row


def submit_many(engine: Engine, project_id: str, wanted: Sequence[NewJob]) -> list[str]:
    """Record many jobs in one transaction, ring their bells in batches, return their ids."""
    bells = [_bell(project_id, new) for new in wanted]
    rows = [_values(bell, new) for bell, new in zip(bells, wanted, strict=True)]

    def work(connection: Connection) -> None:
        for start in range(0, len(rows), _ROWS_PER_INSERT):
            connection.execute(insert(jobs).values(rows[start : start + _ROWS_PER_INSERT]))

    in_transaction(engine, work)
    ring_committed(engine, bells)
    return [bell.job_id for bell in bells]


def insert_job(connection: Connection, project_id: str, new: NewJob) -> Bell:
    """Insert a PENDING job in the caller's transaction and return the bell to ring after it."""
    bell = _bell(project_id, new)
    connection.execute(insert(jobs).values(_values(bell, new)))
    return bell


def _bell(project_id: str, new: NewJob) -> Bell:
    return Bell(
        job_id=new.job_id or new_id(),
        task=new.contract.name,
        queue=new.contract.queue,
        project_id=project_id,
        parameters=msgspec.Raw(msgspec.json.encode(new.parameters)),
        delay_seconds=-int(-new.delay_seconds // 1),
        **trace_columns(),
    )


def _values(bell: Bell, new: NewJob) -> dict[str, Any]:
    """The columns of a new job.

    `rung_at` is written here, before the bell is rung, and taken back when ringing fails:
    that saves each request a statement. A process that dies between the two leaves a job
    whose bell counts as lost, and the dispatcher rings those again.
    """
    return {
        "id": bell.job_id,
        "project_id": bell.project_id,
        "task": bell.task,
        "queue": bell.queue,
        "parameters": bell.parameters,
        "state": JobState.PENDING.value,
        "created_at": now(),
        "run_at": new.run_at
        or (seconds_from_now(new.delay_seconds) if new.delay_seconds else now()),
        "rung_at": now() if bell.delay_seconds <= MAX_DELAY_SECONDS else null(),
        "attempts": 0,
        "max_attempts": new.contract.retry.max_attempts,
        "request_id": bell.request_id,
        "traceparent": bell.traceparent,
    }


def ring_committed(engine: Engine, bells: Sequence[Bell]) -> None:
    """Ring the bells of jobs that were just committed; never raises.

    A bell with a delay beyond what SQS can hold is left to the dispatcher.
    """
    failed = ring([bell for bell in bells if bell.delay_seconds <= MAX_DELAY_SECONDS])
    if not failed:
        return
    try:
        with connect(engine) as connection:
            connection.execute(
                update(jobs)
                .where(jobs.c.id.in_(failed), jobs.c.state.in_(WAITING))
                .values(rung_at=null())
            )
    except DatabaseUnavailable:
        # Their bells now count as lost, which takes longer to notice and loses nothing.
        logger.warning("jobs could not be marked as unrung: job_ids=%s", failed)


def get_job(engine: Engine, project_id: str, job_id: str) -> Row[Any]:
    """The row of a job. Raises NotFound if this project has no such job."""
    with connect(engine) as connection:
        return _find(connection, project_id, job_id)


def list_newest(
    engine: Engine, project_id: str, *, limit: int, after: str | None = None
) -> list[Row[Any]]:
    """Jobs of a project, newest first. `after`: id of the last row of the page before.

    Raises NotFound if this project has no job `after`.
    """
    query = select(jobs).where(jobs.c.project_id == project_id)
    with connect(engine) as connection:
        if after is not None:
            last = _find(connection, project_id, after)
            query = query.where(older_than(jobs, last))
        return list(connection.execute(newest_first(query, jobs).limit(limit)))


def list_attempts(engine: Engine, project_id: str, job_id: str) -> list[Row[Any]]:
    """The attempts at a job that did not succeed, oldest first. Raises NotFound."""
    with connect(engine) as connection:
        _find(connection, project_id, job_id)
        found = connection.execute(
            select(attempts).where(attempts.c.job_id == job_id).order_by(attempts.c.ended_at)
        )
        return list(found)


def cancel(engine: Engine, project_id: str, job_id: str) -> Row[Any]:
    """Cancel a job: at once if it waits, on its worker's next beat if it runs.

    Returns the row after the order. A job that was cancelled before stays as it is.

    Raises:
        NotFound: this project has no such job.
        ImmutableObject: the job has ended.
    """

    def work(connection: Connection) -> Row[Any]:
        row = _find(connection, project_id, job_id, lock=True)
        if row.state in WAITING:
            connection.execute(
                transition("cancel")
                .where(jobs.c.id == job_id)
                .values(finished_at=now(), cancel_requested_at=now(), lease_expires_at=null())
            )
            settle_cancelled(connection, JobFacts.from_row(row))
        elif row.state == JobState.STARTED:
            connection.execute(
                update(jobs)
                .where(jobs.c.id == job_id)
                .values(cancel_requested_at=func.coalesce(jobs.c.cancel_requested_at, now()))
            )
        elif row.state != JobState.REVOKED:
            raise ImmutableObject(f"The job has ended as {row.state} and cannot be cancelled.")
        return _find(connection, project_id, job_id)

    return in_transaction(engine, work)


def _find(connection: Connection, project_id: str, job_id: str, *, lock: bool = False) -> Row[Any]:
    query = select(jobs).where(jobs.c.id == job_id, jobs.c.project_id == project_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound(f"There is no job {job_id} in this project.")
    return row
