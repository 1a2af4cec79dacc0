"""Claims: how a worker takes a job, keeps it, and learns what it is ordered to do with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Float,
    Integer,
    Row,
    Select,
    String,
    Update,
    and_,
    case,
    func,
    literal,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.engine import Dialect

from chalicelib.db.clock import now, seconds_from_now
from chalicelib.db.engine import connect
from chalicelib.db.prepared import Prepared, named, round_size
from chalicelib.db.tables import controls, jobs
from chalicelib.domain.jobs import TRANSITIONS, WAITING, JobState
from chalicelib.errors import RowLocked


class Claim(msgspec.Struct, kw_only=True):
    """One worker's hold on one job."""

    job_id: str
    #: Each outcome is accepted from its claim only. Jobs that are claimed by one statement
    #: share it; no job has it twice.
    claim_id: str
    worker_id: str
    #: Which attempt at the job this is, 1 for the first; known once it is claimed.
    attempt: int = 0
    #: Whether the end of the job is waited for: it takes a slot of a limit of jobs at once, or its
    #: upstream has failed of late.
    has_slot: bool = False


class ClaimAnswer(StrEnum):
    """What became of an attempt to claim."""

    CLAIMED = "claimed"
    #: Running elsewhere, finished or cancelled: the bell is of no use.
    TAKEN = "taken"
    #: `run_at` has not come: the bell was early, and has to be rung again.
    EARLY = "early"
    #: It waits for something else than a time, and is let go by whoever makes it come true.
    HELD = "held"
    #: Somebody else's transaction is at its row: to be tried again.
    LOCKED = "locked"
    #: There is no such job: the message is another Celery client's, or outlived its job.
    UNKNOWN = "unknown"


def transition(name: str) -> Update:
    """An UPDATE of jobs that is guarded by where transition `name` may begin.

    Raises KeyError for a transition that the table lacks.
    """
    begins, ends = TRANSITIONS[name]
    return update(jobs).where(jobs.c.state.in_(sorted(begins))).values(state=ends.value)


def claim(engine: Engine, held: Claim, lease_seconds: float) -> ClaimAnswer:
    """Take the job for this worker if it may run now: one statement when it may.

    Sets `held.attempt` when it was taken. What is paused or limited seems early: see
    `services.admission`.
    """
    with connect(engine) as connection:
        if claim_row(connection, held, lease_seconds, _is_free()):
            return ClaimAnswer.CLAIMED
        row = connection.execute(_REFUSED.where(jobs.c.id == held.job_id)).one_or_none()
        return _why_refused(row, held)


def claim_row(
    connection: Connection, held: Claim, lease_seconds: float, *conditions: ColumnElement[bool]
) -> bool:
    """Take the job if it is due and the conditions hold; sets `held.attempt` if so."""
    statement = (
        transition("claim")
        .where(jobs.c.id == held.job_id, jobs.c.run_at <= now(), *conditions)
        .values(held_values(held, lease_seconds))
    )
    held.attempt = _count_attempt(connection, statement)
    return held.attempt > 0


def covers(queue: Any, task: Any, upstream: Any) -> ColumnElement[bool]:
    """The condition that a row of `controls` is about one of these."""
    named = {"queue": queue, "task": task, "upstream": upstream}
    return or_(
        *(and_(controls.c.scope == scope, controls.c.name == name) for scope, name in named.items())
    )


def _is_free() -> ColumnElement[bool]:
    """Nothing was said about the job's queue, task or upstream."""
    said = covers(jobs.c.queue, jobs.c.task, jobs.c.upstream)
    return ~select(literal(1)).select_from(controls).where(said).exists()


def claim_many(
    engine: Engine,
    claims: Sequence[Claim],
    attempts_before: Mapping[str, int],
    lease_seconds: float,
) -> list[ClaimAnswer]:
    """Take many jobs for one worker: one statement, if all may run and their bells are right.

    `claims`: each of another job, all with the same `claim_id` and `worker_id`.
    `attempts_before`: by job id, how many attempts came before, as the bell said.
    Returns the answer for each, in their order, and sets `attempt` of those that were taken.
    """
    answers = {}
    by_number: dict[int, list[Claim]] = {}
    for held in claims:
        by_number.setdefault(attempts_before[held.job_id], []).append(held)
    for number, group in by_number.items():
        try:
            found = _claim_group(engine, group, number, lease_seconds)
        except RowLocked:
            found = [_claim_unless_locked(engine, held, lease_seconds) for held in group]
        for held, answer in zip(group, found, strict=True):
            # A bell that seems early may be that of another attempt: its number was wrong.
            is_early = answer is ClaimAnswer.EARLY
            answers[held.job_id] = claim(engine, held, lease_seconds) if is_early else answer
    return [answers[held.job_id] for held in claims]


def _claim_unless_locked(engine: Engine, held: Claim, lease_seconds: float) -> ClaimAnswer:
    try:
        return claim(engine, held, lease_seconds)
    except RowLocked:
        return ClaimAnswer.LOCKED


def _claim_group(
    engine: Engine, group: Sequence[Claim], number: int, lease_seconds: float
) -> list[ClaimAnswer]:
    """Claim jobs of which `number` attempts are over."""
    ids = {held.job_id: held for held in group}
    # In one order everywhere, so that two workers with doubled bells do not deadlock.
    ordered = sorted(ids)
    ordered += ordered[:1] * (round_size(len(ids)) - len(ids))
    values = {
        "number": number,
        "next_number": number + 1,
        "worker_id": group[0].worker_id,
        "claim_id": group[0].claim_id,
        "lease_seconds": lease_seconds,
        **{f"id_{i}": job_id for i, job_id in enumerate(ordered)},
    }
    statement = _claim_statement(engine.dialect, len(ordered))
    with connect(engine) as connection:
        if statement.execute(connection, values).rowcount == len(group):
            for held in group:
                held.attempt = number + 1
            return [ClaimAnswer.CLAIMED] * len(group)
        found = connection.execute(_REFUSED.where(jobs.c.id.in_(ids)))
        rows = {row.id: row for row in found}
    return [_why_refused(rows.get(held.job_id), held) for held in group]


@lru_cache(maxsize=32)
def _claim_statement(dialect: Dialect, count: int) -> Prepared:
    statement = (
        transition("claim")
        .where(
            jobs.c.id.in_([named(f"id_{i}", String()) for i in range(count)]),
            jobs.c.run_at <= now(),
            jobs.c.attempts == named("number", Integer()),
            _is_free(),
        )
        .values(
            attempts=named("next_number", Integer()),
            started_at=now(),
            held_by=null(),
            worker_id=named("worker_id", String()),
            claim_id=named("claim_id", String()),
            lease_expires_at=seconds_from_now(named("lease_seconds", Float())),
        )
    )
    return Prepared(statement, dialect)


_REFUSED: Select[Any] = select(jobs.c.id, jobs.c.state, jobs.c.claim_id, jobs.c.attempts)


def is_claimed(connection: Connection, held: Claim) -> bool:
    """Whether the job has this very claim: the answer to an earlier try was lost.

    Sets `held.attempt` if so.
    """
    row = connection.execute(_REFUSED.where(jobs.c.id == held.job_id)).one_or_none()
    return _why_refused(row, held) is ClaimAnswer.CLAIMED


def _why_refused(row: Row[Any] | None, held: Claim) -> ClaimAnswer:
    if row is None:
        return ClaimAnswer.UNKNOWN
    if row.claim_id == held.claim_id and row.state == JobState.STARTED:
        held.attempt = row.attempts
        return ClaimAnswer.CLAIMED  # in a batch, or the answer to an earlier try was lost
    if row.state not in WAITING:
        return ClaimAnswer.TAKEN
    return ClaimAnswer.EARLY


def _count_attempt(connection: Connection, statement: Update) -> int:
    """Execute the UPDATE, count the attempt, and return its number; 0 if no row matched."""
    if connection.dialect.name == "sqlite":
        returning = statement.values(attempts=jobs.c.attempts + 1).returning(jobs.c.attempts)
        return connection.execute(returning).scalar_one_or_none() or 0
    # MySQL has no RETURNING; what LAST_INSERT_ID is given comes back with the answer.
    # https://dev.mysql.com/doc/refman/8.4/en/information-functions.html#function_last-insert-id
    counted = statement.values(attempts=func.last_insert_id(jobs.c.attempts + 1))
    done = connection.execute(counted)
    return int(done.lastrowid) if done.rowcount else 0


def held_values(held: Claim, lease_seconds: float) -> dict[str, Any]:
    """The columns of a row that a claim holds."""
    return {
        "started_at": now(),
        "held_by": null(),
        "worker_id": held.worker_id,
        "claim_id": held.claim_id,
        "lease_expires_at": seconds_from_now(lease_seconds),
    }


def read_parameters(engine: Engine, job_id: str) -> tuple[dict[str, Any], dict[str, Any] | None]:
    """Parameters and foreign message of a job whose bell was too small to carry them."""
    with connect(engine) as connection:
        row = connection.execute(
            select(jobs.c.parameters, jobs.c.message).where(jobs.c.id == job_id)
        ).one()
        return row.parameters, row.message


def are_held(claims: Sequence[Claim]) -> ColumnElement[bool]:
    """The condition that a row is of one of these claims' jobs, and still has that very claim."""
    by_job = {claim.job_id: claim.claim_id for claim in claims}
    is_claimed = jobs.c.claim_id == case(by_job, value=jobs.c.id)
    return and_(jobs.c.id.in_(sorted(by_job)), is_claimed)
