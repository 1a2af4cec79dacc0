"""Admission: whether a job may begin about whose queue, task or upstream something was said.

The statement that claims jobs passes over these, and only these: the first jobs that are
looked at here are those that something was said about. A job may begin when it gets a slot
of every limit that it is under. A slot of a rate is free again when the rate's seconds have
passed since it was taken, so that no window of that length has more beginnings than slots;
a slot of jobs at once is free again when its job has ended. While a circuit breaker is open
there is one slot for all, for the job that may try. Each claim locks the slots it
takes and passes over those that others have locked.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import timedelta
from functools import partial
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    and_,
    func,
    null,
    or_,
    select,
    update,
)

from chalicelib.db.clock import now, seconds_from_now
from chalicelib.db.engine import connect, in_transaction
from chalicelib.db.tables import control_slots, controls, jobs
from chalicelib.domain.jobs import WAITING, JobState
from chalicelib.services.claims import Claim, ClaimAnswer, claim_row, covers, is_claimed
from chalicelib.services.control_rows import forget_failures, is_about
from chalicelib.services.holding import BREAKER, CONTROL, hold_while, let_go

_WAITING = sorted(state.value for state in WAITING)
#: Held jobs that are let go in one statement.
_CHUNK = 1000
#: Seconds that a job which was let go to try an upstream has to begin.
_PROBE_WAITS_SECONDS = 30


def admit(engine: Engine, held: Claim, lease_seconds: float) -> ClaimAnswer:
    """Claim a job that is under control, if it may begin; else hold it or send it back.

    Returns CLAIMED; HELD: there is nothing to ring until it is let go; EARLY: its bell is to
    be rung for its `run_at`; TAKEN: it waits no longer.
    """
    answer = _admit(engine, held, lease_seconds)
    if answer is ClaimAnswer.TAKEN:
        with connect(engine) as connection:
            if is_claimed(connection, held):  # by an earlier try, whose answer was lost
                held.has_slot = True
                return ClaimAnswer.CLAIMED
    return answer


def _admit(engine: Engine, held: Claim, lease_seconds: float) -> ClaimAnswer:
    with connect(engine) as connection:
        row = connection.execute(
            select(
                jobs.c.queue, jobs.c.task, jobs.c.upstream, (jobs.c.run_at <= now()).label("is_due")
            ).where(jobs.c.id == held.job_id, jobs.c.state.in_(_WAITING))
        ).one_or_none()
        if row is None:
            return ClaimAnswer.TAKEN
        about = covers(row.queue, row.task, row.upstream)
        found = connection.execute(select(controls).where(about)).all()
    if not found or not row.is_due:
        return ClaimAnswer.EARLY
    if any(control.paused_at is not None for control in found):
        return _hold(engine, held, about & controls.c.paused_at.is_not(None))
    full = in_transaction(engine, lambda c: _enter(c, held, found, lease_seconds))
    return full if isinstance(full, ClaimAnswer) else _send_away(engine, held, *full)


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
        limited = [slot for slot in mine if slot.kind == "at_once"]
        return sum(len(let_go(connection, slot.scope, slot.name, 1)) for slot in limited)

    return in_transaction(engine, work)


def sweep(engine: Engine) -> int:
    """Free the slots of jobs that ended and told nobody, and let as many go as there is room.

    Returns how many were let go.
    """
    said = or_(controls.c.at_once.is_not(None), controls.c.failures.is_not(None))
    with connect(engine) as connection:
        found = connection.execute(select(controls).where(said)).all()
    gone = 0
    for control in found:
        if control.at_once is not None:
            gone += in_transaction(engine, partial(_sweep_limit, limit=control))
        if control.opened_at is not None:
            gone += in_transaction(engine, partial(_find_probe, control=control))
        elif control.failures == 0:
            gone += in_transaction(engine, partial(_let_waiting_go, control=control))
    return gone


def _sweep_limit(connection: Connection, limit: Any) -> int:
    slots, mine = control_slots.c, _slots_of(limit, "at_once")
    free = _free_slots(connection, mine)
    if not free:
        return 0
    connection.execute(
        update(control_slots).where(mine, slots.number.in_(free)).values(job_id=null())
    )
    return len(let_go(connection, limit.scope, limit.name, len(free)))


def _find_probe(connection: Connection, control: Any) -> int:
    """Let one job try whether the upstream is back, if it is time and nobody does."""
    mine = and_(_slots_of(control, "probe"), control_slots.c.free_at <= now())
    if not _free_slots(connection, mine):
        return 0
    ids = let_go(connection, control.scope, control.name, 1, BREAKER)
    # Kept for it until its bell is heard; should it be held by something else, for another.
    values: dict[str, Any] = {"job_id": None, "free_at": now()}
    if ids:
        values = {"job_id": ids[0], "free_at": seconds_from_now(_PROBE_WAITS_SECONDS)}
    connection.execute(update(control_slots).where(mine).values(values))
    return len(ids)


def _let_waiting_go(connection: Connection, control: Any) -> int:
    """The breaker was closed, and whoever did it died before all had been let go."""
    gone = let_go(connection, control.scope, control.name, _CHUNK, BREAKER)
    if len(gone) < _CHUNK:
        forget_failures(connection, control.name)
    return len(gone)


def _free_slots(connection: Connection, mine: ColumnElement[bool]) -> list[int]:
    """The numbers of those whose job does not run, under lock."""
    # Under lock before their jobs are looked at: a slot that a claim is just taking has a job
    # that does not run yet, for who looks from outside.
    found = connection.execute(
        select(control_slots.c.number, control_slots.c.job_id)
        .where(mine)
        .with_for_update(skip_locked=True)
    ).all()
    ids = [slot.job_id for slot in found if slot.job_id is not None]
    running = set(
        connection.execute(
            select(jobs.c.id).where(jobs.c.id.in_(ids), jobs.c.state == JobState.STARTED.value)
        ).scalars()
    )
    return [slot.number for slot in found if slot.job_id not in running]


def _slots_of(control: Any, kind: str) -> ColumnElement[bool]:
    slots = control_slots.c
    return and_(slots.scope == control.scope, slots.name == control.name, slots.kind == kind)


def _send_away(engine: Engine, held: Claim, control: Row[Any], kind: str) -> ClaimAnswer:
    """Have a job wait that finds no slot of this kind."""
    mine = is_about(control.scope, control.name)
    if kind == "rate":
        in_transaction(engine, lambda connection: _send_back(connection, held, control))
        return ClaimAnswer.EARLY
    if kind == "probe":
        return _hold(engine, held, mine & controls.c.opened_at.is_not(None), BREAKER)
    return _hold(engine, held, mine & controls.c.at_once.is_not(None))


def _hold(
    engine: Engine, held: Claim, condition: ColumnElement[bool], held_by: str = CONTROL
) -> ClaimAnswer:
    is_held = in_transaction(engine, lambda c: hold_while(c, held, condition, held_by))
    return ClaimAnswer.HELD if is_held else ClaimAnswer.EARLY


def _send_back(connection: Connection, held: Claim, control: Row[Any]) -> None:
    """Have a job come again when it is likely to find a slot of the rate free.

    First come, first to come again. One that has come again and was too early after all, for
    messages are late by different times, comes as soon as there is a free slot.
    """
    slots = control_slots.c
    mine = is_about(control.scope, control.name)
    limit = connection.execute(
        select(controls, now().label("at")).where(mine).with_for_update()
    ).one_or_none()
    if limit is None or limit.rate_count is None:
        return
    free_at = connection.execute(
        select(func.min(slots.free_at)).where(_slots_of(control, "rate"))
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
    may_try = or_(slots.job_id == held.job_id, and_(slots.job_id.is_(None), slots.free_at <= now()))
    for control in found:
        for kind, limit, is_free in (
            ("probe", control.opened_at, may_try),
            ("at_once", control.at_once, slots.job_id.is_(None)),
            ("rate", control.rate_count, slots.free_at <= now()),
        ):
            if limit is None:
                continue
            query = select(slots.number).where(_slots_of(control, kind), is_free).limit(1)
            number = connection.execute(query.with_for_update(skip_locked=True)).scalar()
            if number is None:
                return control, kind
            taken.append((control, kind, number))
    if not claim_row(connection, held, lease_seconds):
        return ClaimAnswer.TAKEN
    for control, kind, number in taken:
        connection.execute(
            update(control_slots)
            .where(_slots_of(control, kind), slots.number == number)
            .values(
                job_id=null() if kind == "rate" else held.job_id,
                free_at=seconds_from_now(control.rate_seconds or 0),
            )
        )
    has_failed = any(control.failures is not None for control in found)
    held.has_slot = has_failed or any(kind != "rate" for _, kind, _ in taken)
    return ClaimAnswer.CLAIMED
