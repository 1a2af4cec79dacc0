"""Jobs as clients see them: submitted, looked at, cancelled."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, Row, func, insert, null, select, update

from chalicelib.broker.bell import MAX_DELAY_SECONDS, ring
from chalicelib.broker.contracts import TaskContract
from chalicelib.broker.message import Bell
from chalicelib.db.clock import now, seconds_from_now
from chalicelib.db.engine import connect, in_transaction
from chalicelib.db.tables import attempts, jobs
from chalicelib.domain.ids import new_id
from chalicelib.domain.jobs import WAITING, JobState
from chalicelib.errors import DatabaseUnavailable, ImmutableObject, NotFound
from chalicelib.services.outcomes import JobFacts, settle_cancelled

logger = logging.getLogger(__name__)


def insert_job(
    connection: Connection,
    *,
    project_id: str,
    contract: TaskContract,
    parameters: msgspec.Struct,
    delay_seconds: float = 0.0,
) -> Bell:
    """Insert a PENDING job in the caller's transaction and return the bell to ring after it.

    `rung_at` is written here, before the bell is rung, and taken back when ringing fails:
    that saves each request a statement. A process that dies between the two leaves a job
    whose bell counts as lost, and the dispatcher rings those again.
    """
    job_id = new_id()
    rings_now = delay_seconds <= MAX_DELAY_SECONDS
    connection.execute(
        insert(jobs).values(
            id=job_id,
            project_id=project_id,
            task=contract.name,
            queue=contract.queue,
            parameters=parameters,
            state=JobState.PENDING.value,
            created_at=now(),
            run_at=seconds_from_now(delay_seconds) if delay_seconds else now(),
            rung_at=now() if rings_now else null(),
            attempts=0,
            max_attempts=contract.retry.max_attempts,
        )
    )
    return Bell(
        job_id=job_id,
        task=contract.name,
        queue=contract.queue,
        project_id=project_id,
        parameters=msgspec.Raw(msgspec.json.encode(parameters)),
        delay_seconds=-int(-delay_seconds // 1),
    )


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
                update(jobs)
                .where(jobs.c.id == job_id, jobs.c.state.in_(WAITING))
                .values(
                    state=JobState.REVOKED.value,
                    finished_at=now(),
                    cancel_requested_at=now(),
                    lease_expires_at=null(),
                )
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
