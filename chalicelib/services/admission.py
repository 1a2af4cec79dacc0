"""Admission: whether a job whose queue or task is paused or limited may begin.

The statement that claims jobs passes over these, and only these: the first jobs that are
looked at here are those that something was said about. A job may begin when it gets a slot
of every limit that it is under. A slot of a rate is free again when the rate's seconds have
passed since it was taken, so that no window of that length has more beginnings than slots;
a slot of jobs at once is free again when its job has ended. Each claim locks the slots it
takes and passes over those that others have locked.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, Row, and_, func, null, or_, select, update

from chalicelib.db.clock import now, seconds_from_now
from chalicelib.db.engine import connect, in_transaction
from chalicelib.db.tables import control_slots, controls, jobs
from chalicelib.domain.jobs import WAITING, JobState
from chalicelib.services.claims import Claim, ClaimAnswer, claim_row
from chalicelib.services.holding import hold, let_go

_WAITING = sorted(state.value for state in WAITING)


def admit(engine: Engine, held: Claim, lease_seconds: float) -> ClaimAnswer:
    """Claim a job that is under control, if it may begin; else hold it or send it back.

    Returns CLAIMED; HELD: there is nothing to ring until it is let go; EARLY: its bell is to
    be rung for its `run_at`; TAKEN: it waits no longer.
    """
    with connect(engine) as connection:
        row = connection.execute(
            select(jobs.c.queue, jobs.c.task, (jobs.c.run_at <= now()).label("is_due")).where(
                jobs.c.id == held.job_id, jobs.c.state.in_(_WAITING)
            )
        ).one_or_none()
        if row is None:
            return ClaimAnswer.TAKEN
        found = connection.execute(select(controls).where(_covers(row))).all()
    if not found or not row.is_due:
        return ClaimAnswer.EARLY
    if any(control.paused_at is not None for control in found):
        is_held = in_transaction(engine, lambda c: _hold_while_paused(c, held, row))
        return ClaimAnswer.HELD if is_held else ClaimAnswer.EARLY
    full = in_transaction(engine, lambda c: _enter(c, held, found, lease_seconds))
    if isinstance(full, ClaimAnswer):
        return full
    control, kind = full
    if kind == "rate":
        in_transaction(engine, lambda connection: _send_back(connection, held, control))
        return ClaimAnswer.EARLY
    in_transaction(engine, lambda connection: hold(connection, held))
    return ClaimAnswer.HELD


def leave(engine: Engine, job_ids: Sequence[str]) -> int:
    """The jobs have ended: their slots are free, and others are let go.

    Returns how many were let go; the dispatcher rings them.
    """
    slots = control_slots.c

    def work(connection: Connection) -> int:
        mine = connection.execute(
            select(control_slots).where(slots.job_id.in_(job_ids)).with_for_update()
        ).all()
        connection.execute(
            update(control_slots).where(slots.job_id.in_(job_ids)).values(job_id=null())
        )
        return sum(let_go(connection, slot.scope, slot.name, 1) for slot in mine)

    return in_transaction(engine, work)


def sweep(engine: Engine) -> int:
    """Free the slots of jobs that ended and told nobody, and let as many go as there is room.

    Returns how many were let go.
    """
    with connect(engine) as connection:
        limits = connection.execute(
            select(controls.c.scope, controls.c.name).where(controls.c.at_once.is_not(None))
        ).all()
    gone = 0
    for limit in limits:
        gone += in_transaction(engine, partial(_sweep_limit, limit=limit))
    return gone


def _sweep_limit(connection: Connection, limit: Any) -> int:
    slots = control_slots.c
    mine = and_(slots.scope == limit.scope, slots.name == limit.name, slots.kind == "at_once")
    # Under lock before their jobs are looked at: a slot that a claim is just taking has a job
    # that does not run yet, for who looks from outside.
    found = connection.execute(
        select(slots.number, slots.job_id).where(mine).with_for_update(skip_locked=True)
    ).all()
    ids = [slot.job_id for slot in found if slot.job_id is not None]
    running = set(
        connection.execute(
            select(jobs.c.id).where(jobs.c.id.in_(ids), jobs.c.state == JobState.STARTED.value)
        ).scalars()
    )
    free = [slot.number for slot in found if slot.job_id not in running]
    if not free:
        return 0
    connection.execute(
        update(control_slots).where(mine, slots.number.in_(free)).values(job_id=null())
    )
    return let_go(connection, limit.scope, limit.name, len(free))


def _covers(row: Row[Any]) -> Any:
    return or_(
        and_(controls.c.scope == "queue", controls.c.name == row.queue),
        and_(controls.c.scope == "task", controls.c.name == row.task),
    )


def _hold_while_paused(connection: Connection, held: Claim, row: Row[Any]) -> bool:
    # Under a shared lock, so that who resumes waits until the job is held, and lets it go.
    paused = select(controls.c.name).where(_covers(row), controls.c.paused_at.is_not(None))
    is_paused = connection.execute(paused.with_for_update(read=True)).first() is not None
    if is_paused:
        hold(connection, held)
    return is_paused


def _send_back(connection: Connection, held: Claim, control: Row[Any]) -> None:
    """Have a job come again when it is likely to find a slot of the rate free.

    First come, first to come again. One that has come again and was too early after all, for
    messages are late by different times, comes as soon as there is a free slot.
    """
    slots = control_slots.c
    mine = and_(controls.c.scope == control.scope, controls.c.name == control.name)
    limit = connection.execute(
        select(controls, now().label("at")).where(mine).with_for_update()
    ).one_or_none()
    if limit is None or limit.rate_count is None:
        return
    free_at = connection.execute(
        select(func.min(slots.free_at)).where(
            slots.scope == control.scope, slots.name == control.name, slots.kind == "rate"
        )
    ).scalar()
    soonest = max(limit.at, free_at or limit.at)
    job = connection.execute(select(jobs.c.held_by).where(jobs.c.id == held.job_id)).one()
    if job.held_by == "rate":
        run_at = soonest + timedelta(seconds=random.uniform(0.0, 1.0))
    else:
        pause = timedelta(seconds=limit.rate_seconds / limit.rate_count)
        run_at = max(soonest, limit.returns_at or soonest) + pause
        connection.execute(update(controls).where(mine).values(returns_at=run_at))
    connection.execute(
        update(jobs)
        .where(jobs.c.id == held.job_id, jobs.c.state.in_(_WAITING))
        .values(run_at=run_at, held_by="rate", rung_at=null())
    )


def _enter(
    connection: Connection, held: Claim, found: Sequence[Row[Any]], lease_seconds: float
) -> ClaimAnswer | tuple[Row[Any], str]:
    """Take a slot of each limit and claim; or the limit that has none, and which of its kinds."""
    slots, taken = control_slots.c, []
    for control in found:
        mine = and_(slots.scope == control.scope, slots.name == control.name)
        for kind, limit, is_free in (
            ("at_once", control.at_once, slots.job_id.is_(None)),
            ("rate", control.rate_count, slots.free_at <= now()),
        ):
            if limit is None:
                continue
            query = select(slots.number).where(mine, slots.kind == kind, is_free).limit(1)
            number = connection.execute(query.with_for_update(skip_locked=True)).scalar()
            if number is None:
                return control, kind
            taken.append((control, kind, number))
    if not claim_row(connection, held, lease_seconds):
        return ClaimAnswer.TAKEN
    for control, kind, number in taken:
        connection.execute(
            update(control_slots)
            .where(
                slots.scope == control.scope,
                slots.name == control.name,
                slots.kind == kind,
                slots.number == number,
            )
            .values(
                job_id=held.job_id if kind == "at_once" else null(),
                free_at=seconds_from_now(control.rate_seconds or 0),
            )
        )
    held.has_slot = any(kind == "at_once" for _, kind, _ in taken)
    return ClaimAnswer.CLAIMED
