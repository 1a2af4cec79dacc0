"""How a claimed job ends: success, failure, another try, release, cancel.

Each transition is guarded by the states that it may begin in and by the claim, so that a
worker whose claim was taken over can no longer change the job. State, result and the
record that the job is about change in one transaction.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    Connection,
    Engine,
    Row,
    Update,
    insert,
    null,
    select,
)

from chalicelib.broker.bell import MAX_DELAY_SECONDS
from chalicelib.broker.message import Bell
from chalicelib.db.clock import now, seconds_from_now
from chalicelib.db.engine import connect, in_transaction
from chalicelib.db.tables import attempts, jobs
from chalicelib.domain.ids import new_id
from chalicelib.domain.jobs import JobState
from chalicelib.services.claims import Claim, transition
from chalicelib.services.delivery_plans import IS_WATCHED, plan_deliveries
from chalicelib.services.followers import plan_failure
from chalicelib.services.outcomes import Fault, JobFacts, settle_cancelled, settle_failure

#: Something that is to become true together with the outcome, in its transaction.
Effect = Callable[[Connection], object]
#: Given the attempts begun and the most there may be: seconds until the next, None for none.
Delay = Callable[[int, int], float | None]


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a job whose attempt did not succeed."""

    state: JobState
    #: To ring after the commit, if the job runs again soon enough for SQS to hold it back.
    bell: Bell | None = None
    delay_seconds: float = 0.0
    #: Of a job that has ended for good: its project, and the key whose next job follows.
    project_id: str = ""
    key: str | None = None


def succeed(
    engine: Engine, held: Claim, result: msgspec.Raw | None, effects: Sequence[Effect] = ()
) -> bool:
    """Record SUCCESS: one statement, or one transaction with what else becomes true.

    That somebody wants to hear of it shows in the statement itself, which then changes nothing.
    Returns False if the claim was lost: nothing was changed, and another attempt decides.
    """
    if not effects:
        statement = _success(held, result).where(~IS_WATCHED.element)
        with connect(engine) as connection:
            if connection.execute(statement).rowcount == 1:
                return True
    return in_transaction(
        engine, lambda connection: record_success(connection, held, result, effects)
    )


def record_success(
    connection: Connection, held: Claim, result: msgspec.Raw | None, effects: Sequence[Effect] = ()
) -> bool:
    """The same within a transaction."""
    statement = _success(held, result)
    unwatched = statement.where(~IS_WATCHED.element)
    is_unwatched = bool(effects) and connection.execute(unwatched).rowcount == 1
    if not is_unwatched and connection.execute(statement).rowcount != 1:
        return _is_recorded(connection, held)
    for effect in effects:
        effect(connection)
    if not is_unwatched:
        _tell_success(connection, held)
    return True


def fail(
    engine: Engine, held: Claim, fault: Fault, delay: Delay, *, counts: bool = True
) -> Ended | None:
    """Record that the attempt failed: RETRY after `delay`, or FAILURE if that is None.

    `counts`: False, to have it tried again at once in any case, as if this attempt had not been.
    A job whose cancellation was ordered meanwhile ends as REVOKED instead.
    Returns None if the claim was lost: nothing was changed, and another attempt decides.
    """

    def work(connection: Connection) -> Ended | None:
        row = lock_claimed(connection, held)
        if row is None:
            return None
        if row.cancel_requested_at is not None:
            return _revoke(connection, row, fault)
        if not counts:
            return _run_again(connection, row, fault, 0.0, attempts=row.attempts - 1)
        seconds = delay(row.attempts, row.max_attempts)
        if seconds is None:
            return give_up(connection, row, fault, outcome="failed")
        return _run_again(connection, row, fault, seconds, attempts=row.attempts)

    return in_transaction(engine, work)


def revoke(engine: Engine, held: Claim, fault: Fault) -> Ended | None:
    """Record that the task itself asked to be dropped: REVOKED. None: claim lost."""

    def work(connection: Connection) -> Ended | None:
        row = lock_claimed(connection, held)
        return None if row is None else _revoke(connection, row, fault)

    return in_transaction(engine, work)


def release(engine: Engine, held: Claim, reason: str) -> Ended | None:
    """Give the job back unfinished, so that it starts elsewhere at once; not counted.

    A job whose cancellation was ordered ends as REVOKED: this is how a task that stopped
    on that order is recorded too, and one that was stopped in another's place runs again.
    Returns None if the claim was lost.
    """

    def work(connection: Connection) -> Ended | None:
        row = lock_claimed(connection, held)
        if row is None:
            return None
        fault = Fault(type="Released", code="released", message=reason, retryable=True)
        if row.cancel_requested_at is not None:
            return _revoke(connection, row, fault)
        _leave_attempt(connection, row, "released", fault)
        connection.execute(
            transition("release")
            .where(jobs.c.id == row.id)
            .values(attempts=row.attempts - 1, run_at=now(), rung_at=now(), lease_expires_at=null())
        )
        return Ended(state=JobState.PENDING, bell=make_bell(row, attempts=row.attempts - 1))

    return in_transaction(engine, work)


def lock_claimed(
    connection: Connection, held: Claim, *, skip_locked: bool = False
) -> Row[Any] | None:
    """The row of a job under lock, None if it is no longer held by this claim.

    `skip_locked`: None as well if another transaction is at it.
    """
    return connection.execute(
        select(jobs, IS_WATCHED)
        .where(
            jobs.c.id == held.job_id,
            jobs.c.claim_id == held.claim_id,
            jobs.c.state == JobState.STARTED.value,
        )
        .with_for_update(skip_locked=skip_locked)
    ).one_or_none()


def give_up(connection: Connection, row: Row[Any], fault: Fault, *, outcome: str) -> Ended:
    """End a job as FAILURE, together with the record that it is about. `row`: under lock."""
    _leave_attempt(connection, row, outcome, fault)
    connection.execute(
        transition("fail" if outcome == "failed" else "give_up")
        .where(jobs.c.id == row.id)
        .values(error=fault, finished_at=now(), lease_expires_at=null())
    )
    settle_failure(connection, JobFacts.from_row(row), fault)
    plan_failure(connection, row)
    return Ended(state=JobState.FAILURE, project_id=row.project_id, key=row.key)


def rescue_claimed(connection: Connection, row: Row[Any], fault: Fault) -> None:
    """Put back a job whose worker vanished; the dispatcher rings it. `row`: under lock."""
    if row.cancel_requested_at is not None:
        _revoke(connection, row, fault)
        return
    _leave_attempt(connection, row, "lost", fault)
    connection.execute(
        transition("rescue")
        .where(jobs.c.id == row.id)
        .values(run_at=now(), rung_at=null(), error=fault, lease_expires_at=null())
    )


def make_bell(row: Row[Any], *, attempts: int, delay_seconds: float = 0.0) -> Bell:
    """The bell of a job's row."""
    return Bell(
        job_id=row.id,
        task=row.task,
        queue=row.queue,
        project_id=row.project_id,
        parameters=row.parameters,
        message=row.message,
        attempts=attempts,
        key=row.key,
        request_id=row.request_id,
        traceparent=row.traceparent,
        delay_seconds=max(0, -int(-delay_seconds // 1)),
        timeout_seconds=row.timeout_seconds,
    )


def _run_again(
    connection: Connection, row: Row[Any], fault: Fault, seconds: float, *, attempts: int
) -> Ended:
    rings_now = seconds <= MAX_DELAY_SECONDS
    _leave_attempt(connection, row, "failed", fault)
    connection.execute(
        transition("retry")
        .where(jobs.c.id == row.id)
        .values(
            attempts=attempts,
            run_at=seconds_from_now(seconds),
            rung_at=now() if rings_now else null(),
            error=fault,
            lease_expires_at=null(),
        )
    )
    bell = make_bell(row, attempts=attempts, delay_seconds=seconds) if rings_now else None
    return Ended(state=JobState.RETRY, bell=bell, delay_seconds=seconds)


def _revoke(connection: Connection, row: Row[Any], fault: Fault | None) -> Ended:
    _leave_attempt(connection, row, "cancelled", fault)
    connection.execute(
        transition("obey_cancel")
        .where(jobs.c.id == row.id)
        .values(error=fault, finished_at=now(), lease_expires_at=null())
    )
    settle_cancelled(connection, JobFacts.from_row(row))
    plan_failure(connection, row)
    return Ended(state=JobState.REVOKED, project_id=row.project_id, key=row.key)


def _leave_attempt(
    connection: Connection, row: Row[Any], outcome: str, fault: Fault | None
) -> None:
    connection.execute(
        insert(attempts).values(
            id=new_id(),
            job_id=row.id,
            number=row.attempts,
            worker_id=row.worker_id,
            started_at=row.started_at,
            ended_at=now(),
            outcome=outcome,
            error=fault,
        )
    )


def _tell_success(connection: Connection, held: Claim) -> None:
    row = connection.execute(select(jobs).where(jobs.c.id == held.job_id)).one()
    plan_deliveries(connection, JobFacts.from_row(row), JobState.SUCCESS)


def _success(held: Claim, result: msgspec.Raw | None) -> Update:
    return _mine(transition("succeed"), held).values(
        result=result, error=null(), finished_at=now(), lease_expires_at=null()
    )


def _mine(statement: Update, held: Claim) -> Update:
    return statement.where(jobs.c.id == held.job_id, jobs.c.claim_id == held.claim_id)


def _is_recorded(connection: Connection, held: Claim) -> bool:
    """Whether this claim's SUCCESS stands: the answer to an earlier try may have been lost."""
    found = connection.execute(
        select(jobs.c.id).where(
            jobs.c.id == held.job_id,
            jobs.c.claim_id == held.claim_id,
            jobs.c.state == JobState.SUCCESS.value,
        )
    )
    return found.one_or_none() is not None
