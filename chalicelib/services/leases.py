"""What a worker does about the jobs it holds: keeps them, hears orders, gives them back unbegun."""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection, Engine, Update, case, null, select, update

from chalicelib.db.clock import now, seconds_from_now
from chalicelib.db.engine import connect, in_transaction
from chalicelib.db.tables import attempts, jobs
from chalicelib.domain.jobs import JobState
from chalicelib.errors import RowLocked
from chalicelib.services.claims import Claim, are_held, transition


def extend(engine: Engine, worker_id: str, job_ids: Sequence[str], lease_seconds: float) -> None:
    """Renew the leases of the jobs that this worker really has in hand: one statement.

    A row that another transaction has locked is passed over: it is being changed by somebody
    who is alive.
    """
    if not job_ids:
        return
    renewed = seconds_from_now(lease_seconds)
    try:
        with connect(engine) as connection:
            connection.execute(
                _held_by(update(jobs), worker_id, job_ids).values(lease_expires_at=renewed)
            )
    except RowLocked:
        in_transaction(engine, lambda c: _extend_unlocked(c, worker_id, job_ids, lease_seconds))


def _extend_unlocked(
    connection: Connection, worker_id: str, job_ids: Sequence[str], lease_seconds: float
) -> None:
    free = connection.execute(
        select(jobs.c.id).where(jobs.c.id.in_(job_ids)).with_for_update(skip_locked=True)
    )
    connection.execute(
        _held_by(update(jobs), worker_id, list(free.scalars())).values(
            lease_expires_at=seconds_from_now(lease_seconds)
        )
    )


def read_orders(engine: Engine, worker_id: str, job_ids: Sequence[str]) -> list[str]:
    """Which of the jobs that this worker has in hand were ordered to stop."""
    if not job_ids:
        return []
    with connect(engine) as connection:
        query = select(jobs.c.id).where(
            jobs.c.id.in_(job_ids),
            jobs.c.worker_id == worker_id,
            jobs.c.state == JobState.STARTED.value,
            jobs.c.cancel_requested_at.is_not(None),
        )
        return list(connection.execute(query).scalars())


def unclaim(engine: Engine, claims: Sequence[Claim]) -> bool:
    """Give back jobs that were claimed and never begun, as if they had not been: one statement.

    Their bells are taken for rung anew. Returns False if not all were given back: some were
    lost, or ordered to stop, and are for `job_lifecycle.release` to judge one by one.
    """
    # Whether an earlier attempt began, which leaves a row, matters to who cancels the job.
    has_begun = select(attempts.c.id).where(attempts.c.job_id == jobs.c.id).exists()
    with connect(engine) as connection:
        given = connection.execute(
            transition("release")
            .where(are_held(claims), jobs.c.cancel_requested_at.is_(None))
            .values(
                attempts=jobs.c.attempts - 1,
                started_at=case((has_begun, jobs.c.started_at), else_=null()),
                rung_at=now(),
                lease_expires_at=null(),
            )
        )
        return given.rowcount == len(claims)


def _held_by(statement: Update, worker_id: str, job_ids: Sequence[str]) -> Update:
    return statement.where(
        jobs.c.id.in_(job_ids),
        jobs.c.worker_id == worker_id,
        jobs.c.state == JobState.STARTED.value,
    )
