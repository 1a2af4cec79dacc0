"""Jobs that are held because of a pause, too many at once, or an upstream out of order."""

from __future__ import annotations

from sqlalchemy import ColumnElement, Connection, func, null, select, update

from chalicelib.broker.queues import QUEUES
from chalicelib.db.clock import now
from chalicelib.db.tables import controls, jobs
from chalicelib.domain.jobs import HELD, WAITING
from chalicelib.services.claims import Claim

#: For whom a job is held: see the column `held_by`.
CONTROL = "control"
BREAKER = "breaker"

_WAITING = sorted(state.value for state in WAITING)
_COLUMNS = {"queue": jobs.c.queue, "task": jobs.c.task, "upstream": jobs.c.upstream}


def hold_while(
    connection: Connection, held: Claim, condition: ColumnElement[bool], held_by: str = CONTROL
) -> bool:
    """Hold a job that is due and waits, if a row of `controls` still meets `condition`.

    Its bell is spent. Under a shared lock, so that who takes back what was said waits until the
    job is held, and lets it go.
    """
    said = select(controls.c.name).where(condition).with_for_update(read=True)
    if connection.execute(said).first() is None:
        return False
    connection.execute(
        update(jobs)
        .where(jobs.c.id == held.job_id, jobs.c.state.in_(_WAITING), jobs.c.run_at <= now())
        .values(run_at=HELD, not_before=null(), rung_at=null(), held_by=held_by)
    )
    return True


def let_go(
    connection: Connection, scope: str, name: str, most: int, held_by: str = CONTROL
) -> list[str]:
    """Let up to `most` held jobs of a queue, task or upstream go; returns their ids.

    The oldest go first. Of those held for a breaker, the ones that were not tried for longest.
    """
    order = (jobs.c.started_at, jobs.c.created_at) if held_by == BREAKER else (jobs.c.created_at,)
    held = connection.execute(
        select(jobs.c.id)
        .where(is_held(held_by), _COLUMNS[scope] == name)
        .order_by(*order)
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
    return ids


def is_held(held_by: str) -> ColumnElement[bool]:
    """The condition that a job is held for this; found by the dispatcher's index."""
    return (
        jobs.c.queue.in_(QUEUES)
        & jobs.c.state.in_(_WAITING)
        & jobs.c.rung_at.is_(None)
        & (jobs.c.run_at == HELD)
        & (jobs.c.held_by == held_by)
    )
