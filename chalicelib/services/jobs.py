"""Jobs are submitted: recorded, and their bells rung after the commit."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from types import SimpleNamespace
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, bindparam, null, select, update
from sqlalchemy.exc import IntegrityError

from chalicelib import enqueued
from chalicelib.broker.bell import MAX_DELAY_SECONDS, ring
from chalicelib.broker.message import Bell
from chalicelib.db.clock import read_clock
from chalicelib.db.engine import after_commit, connect
from chalicelib.db.tables import jobs
from chalicelib.domain.jobs import WAITING
from chalicelib.errors import DatabaseUnavailable
from chalicelib.schemas.webhooks import JobWebhook
from chalicelib.services.idempotency import Once, in_transaction_once
from chalicelib.services.new_jobs import Made, NewJob, as_row, insert_made, make_job
from chalicelib.services.webhooks import watch_job

__all__ = ["NewJob", "Submitted", "insert_job", "ring_committed", "submit", "submit_many"]

logger = logging.getLogger(__name__)

_BY_LOCK = select(jobs.c.unique_lock, jobs.c.id).where(
    jobs.c.unique_lock.in_(bindparam("locks", expanding=True))
)
#: Delay of a bell that is not to be rung.
_NEVER = 10**9
#: Times that a job which another one forbids is tried again when that one has just ended.
_TRIES = 5


class Submitted(msgspec.Struct, frozen=True):
    """What became of a submission."""

    #: Rows in the order of what was asked for: columns of `jobs` as attributes.
    rows: Sequence[Any]
    #: How many of them are new; the others were there already and are unique.
    created: int
    bells: Sequence[Bell] = ()


def submit(
    engine: Engine, project_id: str, new: NewJob, *, at: datetime | None = None
) -> SimpleNamespace:
    """Record a job, ring its bell, and return its row: one INSERT if it asks for nothing special.

    `at`: this moment by the database's clock, if that has been read already.
    """
    row: SimpleNamespace = submit_many(engine, project_id, [new], at=at).rows[0]
    return row


def submit_many(
    engine: Engine,
    project_id: str,
    wanted: Sequence[NewJob],
    *,
    at: datetime | None = None,
    once: Once | None = None,
) -> Submitted:
    """Record jobs in one transaction, then ring their bells: all of them or none.

    Returns what was submitted, by an earlier request if that had the same key.

    Raises:
        IdempotencyKeyReused: the key was used for something else.
        DatabaseUnavailable: nothing was recorded; if the connection broke at the commit, maybe.
    """
    if at is None:
        with connect(engine) as connection:
            at = read_clock(connection)
    made = [make_job(project_id, new, at) for new in wanted]
    if once is None and len(made) == 1 and _is_plain(wanted[0]):
        with connect(engine) as connection:
            done = _all_new(made, insert_made(connection, made))
        enqueued.count([wanted[0].contract.name])
    else:
        hooks = {
            bell.job_id: new.webhook
            for (_, bell, _), new in zip(made, wanted, strict=True)
            if new.webhook is not None
        }
        done = _record(engine, project_id, made, hooks, once)
    ring_committed(engine, done.bells)
    return done


def insert_job(connection: Connection, project_id: str, new: NewJob) -> Bell:
    """Insert a PENDING job in the caller's transaction and return the bell to ring after it.

    `ring_committed` does not ring that of a job which waits for another of its key.
    """
    made = make_job(project_id, new, read_clock(connection))
    _, own, _ = made
    bells = _insert(connection, [made])
    others = [bell.job_id for bell in bells if bell.job_id != own.job_id]
    if others:  # seldom: their turn came just now, and the dispatcher rings them
        connection.execute(update(jobs).where(jobs.c.id.in_(others)).values(rung_at=null()))
    is_held = len(bells) == len(others)
    return msgspec.structs.replace(own, delay_seconds=_NEVER) if is_held else own


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


def _is_plain(new: NewJob) -> bool:
    """Whether recording it takes no more than its own row."""
    return not (new.tags or new.is_unique or new.key or new.webhook)


def _insert(connection: Connection, made: Sequence[Made]) -> list[Bell]:
    tasks = [bell.task for _, bell, _ in made]
    after_commit(connection, lambda _: enqueued.count(tasks))
    return insert_made(connection, made)


def _all_new(made: Sequence[Made], bells: Sequence[Bell]) -> Submitted:
    return Submitted([as_row(values) for values, *_ in made], len(made), bells)


# --- Unique jobs and repeated requests -------------------------------------------------------


def _record(
    engine: Engine,
    project_id: str,
    made: Sequence[Made],
    hooks: Mapping[str, JobWebhook],
    once: Once | None,
) -> Submitted:
    def work(connection: Connection) -> tuple[Submitted, list[str]]:
        done = _insert_if_unique(connection, made)
        for row in done.rows:
            if hook := hooks.get(row.id):
                watch_job(connection, project_id, row.id, hook)
        return done, [row.id for row in done.rows]

    def replay(ids: Sequence[str]) -> Submitted:
        with connect(engine) as connection:
            return Submitted(_read(connection, ids), 0)

    for left in reversed(range(_TRIES)):
        try:
            return in_transaction_once(engine, once, work, replay)
        except IntegrityError:  # another request was faster with a unique job: look again
            if left == 0:
                raise
    raise AssertionError("unreachable")


def _insert_if_unique(connection: Connection, made: Sequence[Made]) -> Submitted:
    """Insert the jobs but those that are unique and there already, or twice among these."""
    digests = {values["unique_digest"] for values, *_ in made} - {None}
    if not digests:
        return _all_new(made, _insert(connection, made))
    found = connection.execute(_BY_LOCK, {"locks": sorted(digests)})
    holders: dict[str, str] = {row.unique_lock: row.id for row in found}
    there = set(holders.values())
    new: list[Made] = []
    ids: list[str] = []
    for one in made:
        values, bell, _ = one
        lock = values["unique_digest"]
        job_id = bell.job_id if lock is None else holders.setdefault(lock, bell.job_id)
        ids.append(job_id)
        if job_id == bell.job_id:
            new.append(one)
    bells = _insert(connection, new) if new else []
    rows = {values["id"]: as_row(values) for values, *_ in new}
    rows |= {row.id: row for row in _read(connection, sorted(there))}
    return Submitted([rows[job_id] for job_id in ids], len(new), bells)


def _read(connection: Connection, ids: Iterable[str]) -> list[Any]:
    """The rows of jobs in this order; those that were cleaned away are left out."""
    wanted = list(ids)
    if not wanted:
        return []
    rows = {row.id: row for row in connection.execute(select(jobs).where(jobs.c.id.in_(wanted)))}
    return [rows[job_id] for job_id in wanted if job_id in rows]
