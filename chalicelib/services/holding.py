"""Jobs that are held because their queue or task is paused, or has too many at once."""

from __future__ import annotations

from sqlalchemy import Connection, func, null, select, update

from chalicelib.broker.queues import QUEUES
from chalicelib.db.clock import now
from chalicelib.db.tables import jobs
from chalicelib.domain.jobs import HELD, WAITING
from chalicelib.services.claims import Claim

_WAITING = sorted(state.value for state in WAITING)


def hold(connection: Connection, held: Claim) -> None:
    """Hold a job that is due and waits; its bell is spent."""
    connection.execute(
        update(jobs)
        .where(jobs.c.id == held.job_id, jobs.c.state.in_(_WAITING), jobs.c.run_at <= now())
        .values(run_at=HELD, not_before=null(), rung_at=null(), held_by="control")
    )


def let_go(connection: Connection, scope: str, name: str, most: int) -> int:
    """Let up to `most` held jobs of a queue or task go, the oldest first; returns how many."""
    column = jobs.c.queue if scope == "queue" else jobs.c.task
    held = connection.execute(
        select(jobs.c.id)
        .where(
            jobs.c.queue.in_(QUEUES),
            jobs.c.state.in_(_WAITING),
            jobs.c.rung_at.is_(None),
            jobs.c.run_at == HELD,
            jobs.c.held_by == "control",
            column == name,
        )
        .order_by(jobs.c.created_at)
        .limit(most)
        .with_for_update(skip_locked=True)
    )
    ids = list(held.scalars())
    if ids:
        connection.execute(
            update(jobs)
            .where(jobs.c.id.in_(ids))
            .values(run_at=func.coalesce(jobs.c.not_before, now()), held_by=null())
        )
    return len(ids)
