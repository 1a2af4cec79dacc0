"""The dispatcher: rings what is due, rescues what was abandoned, cleans what is old.

Safe anywhere at once. It runs on each worker's beat and in the API's scheduled function,
and finds its work by index, so its cost does not grow with finished rows.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    and_,
    delete,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.exc import DBAPIError

from chalicelib.broker.bell import MAX_DELAY_SECONDS, ring
from chalicelib.broker.message import Bell
from chalicelib.broker.queues import QUEUES
from chalicelib.db.clock import now, seconds_from_now
from chalicelib.db.engine import connect, in_transaction
from chalicelib.db.tables import jobs
from chalicelib.domain.jobs import WAITING, JobState
from chalicelib.services import (
    admission,
    audit,
    chords,
    idempotency,
    job_counts,
    saved_groups,
    workers,
)
from chalicelib.services import heard as heard_service
from chalicelib.services.claims import Claim
from chalicelib.services.job_lifecycle import (
    give_up,
    lock_claimed,
    make_bell,
    rescue_claimed,
)
from chalicelib.services.outcomes import Fault
from chalicelib.services.scheduling import make_due
from chalicelib.services.turns import pass_forgotten_turns, pass_turn

logger = logging.getLogger(__name__)

#: Rows handled in one statement; a pass goes on until there are no more or ROUNDS is up.
_CHUNK = 100
_ROUNDS = 20
#: A row is handed to SQS this many seconds early, with DelaySeconds for the rest, so that
#: it runs on its second and not on the next beat.
_AHEAD_SECONDS = 60
#: A worker is pruned after this many lease times without a heartbeat.
_PRUNE_AFTER_LEASES = 5

_STATES_WAITING = sorted(state.value for state in WAITING)


class Dispatched(msgspec.Struct, frozen=True, kw_only=True):
    """What one pass did."""

    scheduled: int
    rung: int
    rerung: int
    rescued: int


def dispatch_due(engine: Engine, *, may_rescue: bool = True) -> Dispatched:
    """Ring, make and rescue: everything that jobs wait for. Raises DatabaseUnavailable.

    Ringing comes first, so that whatever goes wrong after it keeps no other job waiting.
    `may_rescue`: False when the database was away a moment ago, and no worker could extend
    a lease: those that are alive need a beat to do it.
    """
    rung, rerung = ring_due(engine), ring_lost(engine)
    pass_forgotten_turns(engine)
    admission.sweep(engine)
    scheduled, rescued = make_due(engine), rescue_lapsed(engine) if may_rescue else 0
    if rescued:
        rung += ring_due(engine)
    done = Dispatched(scheduled=scheduled, rung=rung, rerung=rerung, rescued=rescued)
    if any(msgspec.structs.astuple(done)):
        facts = msgspec.structs.asdict(done)
        logger.info("dispatched: %s", " ".join(f"{name}={n}" for name, n in facts.items()))
    return done


def keep_house(
    engine: Engine, *, lease_seconds: float, retention_days: int, audit_retention_days: int
) -> None:
    """Prune workers that are gone, count what ended, delete what is old: once a minute."""
    pruned = workers.prune(engine, _PRUNE_AFTER_LEASES * lease_seconds)
    job_counts.keep_counts(engine)
    cleaned = clean(engine, retention_days) if retention_days else 0
    if retention_days:
        chords.clean(engine, retention_days)
        saved_groups.clean(engine, retention_days)
    forgotten = idempotency.clean(engine)
    dropped = audit.clean(engine, audit_retention_days) if audit_retention_days else 0
    if pruned or cleaned or forgotten or dropped:
        logger.info(
            "kept house: workers_pruned=%d jobs_cleaned=%d keys_forgotten=%d audit_cleaned=%d",
            pruned,
            cleaned,
            forgotten,
            dropped,
        )


def ring_due(engine: Engine, queues: Sequence[str] = QUEUES) -> int:
    """Ring jobs whose time has come, or comes within a minute, and that were never rung."""
    return _ring_where(
        engine,
        and_(
            jobs.c.queue.in_(queues),
            jobs.c.rung_at.is_(None),
            jobs.c.run_at <= seconds_from_now(_AHEAD_SECONDS),
        ),
    )


def ring_waiting(engine: Engine, job_id: str) -> int:
    """Ring one job again whose bell was spent before it could run, if it still waits."""
    soon = seconds_from_now(MAX_DELAY_SECONDS)
    rung = _ring_where(engine, and_(jobs.c.id == job_id, jobs.c.run_at <= soon))
    if not rung:
        _unmark(engine, [job_id])
    return rung


def ring_lost(engine: Engine) -> int:
    """Ring again the jobs whose bell was rung well before what workers have heard by now."""
    marks = heard_service.read_marks(engine)
    if not marks:
        return 0
    lost = [
        and_(jobs.c.queue == queue, jobs.c.rung_at < mark, jobs.c.run_at < mark)
        for queue, mark in marks.items()
    ]
    return _ring_where(engine, or_(*lost))


def _ring_where(engine: Engine, condition: ColumnElement[bool]) -> int:
    total = 0
    for _ in range(_ROUNDS):
        rows = in_transaction(engine, lambda connection: _take(connection, condition))
        failed = ring([_bell_of(row) for row in rows])
        if failed:
            _unmark(engine, failed)
        total += len(rows) - len(failed)
        if failed or len(rows) < _CHUNK:
            break
    return total


def _take(connection: Connection, condition: ColumnElement[bool]) -> list[Any]:
    """Mark due rows as rung and return them; other dispatchers pass over locked rows."""
    query = (
        select(jobs, now().label("at"))
        .where(jobs.c.state.in_(_STATES_WAITING), condition)
        .limit(_CHUNK)
        .with_for_update(skip_locked=True)
    )
    rows = connection.execute(query).all()
    if rows:
        connection.execute(
            update(jobs).where(jobs.c.id.in_([row.id for row in rows])).values(rung_at=now())
        )
    return list(rows)


def _bell_of(row: Row[Any]) -> Bell:
    wait = (row.run_at - row.at).total_seconds()
    return make_bell(row, attempts=row.attempts, delay_seconds=wait)


def _unmark(engine: Engine, job_ids: list[str]) -> None:
    with connect(engine) as connection:
        connection.execute(
            update(jobs)
            .where(jobs.c.id.in_(job_ids), jobs.c.state.in_(_STATES_WAITING))
            .values(rung_at=null())
        )


def rescue_lapsed(engine: Engine) -> int:
    """Put back jobs whose lease lapsed, or end them if that was their last attempt."""
    with connect(engine) as connection:
        lapsed = connection.execute(_lapsed().limit(_CHUNK)).all()
    rescued = 0
    for row in lapsed:
        try:
            rescued += in_transaction(engine, partial(_rescue, found=row))
        except DBAPIError:  # one that cannot be rescued keeps no other from it
            logger.exception("job not rescued: job_id=%s", row.id)
        pass_turn(engine, row.project_id, row.key)
    return rescued


def rescue_patiently(engine: Engine, wait_seconds: float) -> int:
    """Rescue the jobs whose lease has lapsed now and still in `wait_seconds`.

    For who cannot know whether the database was away a moment ago, see `dispatch_due`.
    """
    with connect(engine) as connection:
        if connection.execute(_lapsed().limit(1)).first() is None:
            return 0
    time.sleep(wait_seconds)
    rescued = rescue_lapsed(engine)
    if rescued:
        ring_due(engine)
    return rescued


def _lapsed() -> Select[Any]:
    return select(
        jobs.c.id, jobs.c.claim_id, jobs.c.worker_id, jobs.c.project_id, jobs.c.key
    ).where(
        jobs.c.queue.in_(QUEUES),
        jobs.c.state == JobState.STARTED.value,
        jobs.c.lease_expires_at < now(),
    )


def _rescue(connection: Connection, found: Any) -> bool:
    held = Claim(job_id=found.id, claim_id=found.claim_id, worker_id=found.worker_id)
    row = lock_claimed(connection, held, skip_locked=True)
    if row is None:
        return False
    alive = select(jobs.c.id).where(jobs.c.id == row.id, jobs.c.lease_expires_at >= now())
    if connection.execute(alive).one_or_none():
        return False  # its worker came back between the look and the lock
    fault = Fault(
        type="WorkerLost",
        code="worker-lost",
        message=f"The worker was lost during attempt {row.attempts} of {row.max_attempts}.",
        retryable=row.attempts < row.max_attempts,
    )
    if fault.retryable or row.cancel_requested_at is not None:
        rescue_claimed(connection, row, fault)
    else:
        give_up(connection, row, fault, outcome="lost")
    logger.warning("job rescued: job_id=%s task=%s attempt=%d", row.id, row.task, row.attempts)
    return True


def clean(engine: Engine, retention_days: int) -> int:
    """Delete jobs that finished more than this many days ago, with their attempts."""
    total = 0
    for _ in range(_ROUNDS):
        with connect(engine) as connection:
            old = connection.execute(
                select(jobs.c.id)
                .where(jobs.c.finished_at < seconds_from_now(-86_400.0 * retention_days))
                .limit(1000)
            )
            ids = list(old.scalars())
            if ids:
                connection.execute(delete(jobs).where(jobs.c.id.in_(ids)))
        total += len(ids)
        if len(ids) < 1000:
            break
    return total
