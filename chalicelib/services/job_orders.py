"""Orders to jobs that are there: cancel, retry; to one of them, or to all that match a filter."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, Row, func, null, select, update
from sqlalchemy.exc import IntegrityError

from chalicelib.broker.contracts import all_contracts
from chalicelib.broker.message import Bell
from chalicelib.db.clock import now
from chalicelib.db.engine import connect, in_transaction
from chalicelib.db.tables import jobs
from chalicelib.domain.jobs import HELD, TRANSITIONS, WAITING, JobState
from chalicelib.errors import ImmutableObject
from chalicelib.services import audit
from chalicelib.services.claims import transition
from chalicelib.services.delivery_plans import IS_WATCHED
from chalicelib.services.followers import plan_failure
from chalicelib.services.idempotency import Once, in_transaction_once
from chalicelib.services.job_lifecycle import make_bell
from chalicelib.services.job_reading import JobFilter, find_job, get_job
from chalicelib.services.jobs import ring_committed
from chalicelib.services.keys import join_line
from chalicelib.services.outcomes import JobFacts, concerns_a_record, settle_cancelled
from chalicelib.services.turns import pass_turn

#: States of jobs that can be cancelled, and of those that can be retried.
_CANCELLABLE = (*WAITING, JobState.STARTED)
_RETRIABLE = TRANSITIONS["resubmit"][0]


class Swept(msgspec.Struct, frozen=True):
    """What an order to many jobs did."""

    #: Jobs that the order was given to; in a dry run, that it would be given to.
    matched: int
    #: Whether there are more, for another such order: one handles a limited number.
    has_more: bool


def cancel(engine: Engine, project_id: str, job_id: str) -> Row[Any]:
    """Cancel a job: at once if it waits, on its worker's next beat if it runs.

    Returns the row after the order. A job that was cancelled before stays as it is.

    Raises:
        NotFound: this project has no such job.
        ImmutableObject: the job has ended.
    """

    def work(connection: Connection) -> Row[Any]:
        row = find_job(connection, project_id, job_id, lock=True)
        if row.state in WAITING:
            _revoke(connection, [row])
        elif row.state == JobState.STARTED:
            _request_cancel(connection, [row.id])
        elif row.state != JobState.REVOKED:
            raise ImmutableObject(f"The job has ended as {row.state} and cannot be cancelled.")
        audit.record(connection, project_id, "jobs.cancel", job_id)
        return find_job(connection, project_id, job_id)

    row = in_transaction(engine, work)
    if row.state == JobState.REVOKED:
        pass_turn(engine, project_id, row.key)
    return row


def retry(engine: Engine, project_id: str, job_id: str, *, once: Once | None = None) -> Row[Any]:
    """Run a job that failed or was cancelled once more, with all its attempts before it.

    Returns the row after the order.

    Raises:
        NotFound: this project has no such job.
        ImmutableObject: the job has not failed, or is about a record that has states of its own.
        IdempotencyKeyReused: the key was used for something else.
    """

    def work(connection: Connection) -> tuple[tuple[Row[Any], list[Bell]], list[str]]:
        row = find_job(connection, project_id, job_id, lock=True)
        if row.state not in _RETRIABLE:
            raise ImmutableObject(
                f"The job is {row.state}; one that is FAILURE or REVOKED can be retried."
            )
        if concerns_a_record(row.task):
            raise ImmutableObject(
                f"A job of {row.task} cannot be retried by itself: ask for the change again, "
                "so that its record is there for it."
            )
        bells = _resubmit(connection, [row])
        audit.record(connection, project_id, "jobs.retry", job_id)
        return (find_job(connection, project_id, job_id), bells), [job_id]

    def replay(ids: Sequence[str]) -> tuple[Row[Any], list[Bell]]:
        return get_job(engine, project_id, ids[0]), []

    try:
        row, bells = in_transaction_once(engine, once, work, replay)
    except IntegrityError as error:
        raise ImmutableObject(
            "The job is to be unique, and another one like it is unfinished."
        ) from error
    ring_committed(engine, bells)
    return row


def cancel_many(
    engine: Engine, project_id: str, wanted: JobFilter, *, limit: int, is_dry_run: bool = False
) -> Swept:
    """Cancel jobs that match and have not ended, at most `limit` of them."""
    asked = [
        jobs.c.state.in_(_CANCELLABLE),
        jobs.c.cancel_requested_at.is_(None),
    ]
    if is_dry_run:
        return _count(engine, wanted, project_id, asked)
    ids = _choose(engine, wanted, project_id, asked, limit)

    def work(connection: Connection) -> Sequence[Row[Any]]:
        rows = _lock(connection, project_id, ids, _CANCELLABLE)
        waiting = [row for row in rows if row.state in WAITING]
        _revoke(connection, waiting)
        running = [row.id for row in rows if row.state == JobState.STARTED]
        _request_cancel(connection, running)
        audit.record(connection, project_id, "jobs.cancel_many", None, count=len(rows))
        return rows

    rows = in_transaction(engine, work)
    for key in {row.key for row in rows if row.state in WAITING}:
        pass_turn(engine, project_id, key)
    return Swept(len(rows), len(ids) == limit)


def retry_many(
    engine: Engine,
    project_id: str,
    wanted: JobFilter,
    *,
    limit: int,
    is_dry_run: bool = False,
    once: Once | None = None,
) -> Swept:
    """Retry jobs that match and failed or were cancelled, at most `limit` of them.

    Left out are jobs about records, and those that an unfinished job like them forbids. Raises
    IdempotencyKeyReused if the key was used for something else.
    """
    twin = jobs.alias()
    asked = [
        jobs.c.state.in_(_RETRIABLE),
        jobs.c.task.not_in([name for name in all_contracts() if concerns_a_record(name)]),
        ~select(twin.c.id).where(twin.c.unique_lock == jobs.c.unique_digest).exists(),
    ]
    if is_dry_run:
        return _count(engine, wanted, project_id, asked)
    ids = _choose(engine, wanted, project_id, asked, limit)

    def work(connection: Connection) -> tuple[tuple[Swept, list[Bell]], list[str]]:
        rows = _lock(connection, project_id, ids, _RETRIABLE)
        again = len(rows)
        plain = [row for row in rows if row.unique_digest is None]
        bells = _resubmit(connection, plain)
        for row in rows:
            if row.unique_digest is not None:
                # Of several alike the first one is run again.
                try:
                    bells += _resubmit(connection, [row])
                except IntegrityError:
                    again -= 1
        audit.record(connection, project_id, "jobs.retry_many", None, count=again)
        done = Swept(again, len(ids) == limit)
        return (done, bells), [str(again), str(done.has_more)]

    def replay(told: Sequence[str]) -> tuple[Swept, list[Bell]]:
        return Swept(int(told[0]), told[1] == str(True)), []

    done, bells = in_transaction_once(engine, once, work, replay)
    ring_committed(engine, bells)
    return done


# --- One statement each ----------------------------------------------------------------------


def _revoke(connection: Connection, rows: Sequence[Row[Any]]) -> None:
    """Cancel jobs that wait. `rows`: under lock."""
    if not rows:
        return
    connection.execute(
        transition("cancel")
        .where(jobs.c.id.in_([row.id for row in rows]))
        .values(finished_at=now(), cancel_requested_at=now(), lease_expires_at=null())
    )
    for row in rows:
        settle_cancelled(connection, JobFacts.from_row(row))
        plan_failure(connection, row)


def _request_cancel(connection: Connection, ids: Sequence[str]) -> None:
    """Order running jobs to stop, which their workers read on the beat."""
    if ids:
        connection.execute(
            update(jobs)
            .where(jobs.c.id.in_(ids))
            .values(cancel_requested_at=func.coalesce(jobs.c.cancel_requested_at, now()))
        )


def _resubmit(connection: Connection, rows: Sequence[Row[Any]]) -> list[Bell]:
    """Put jobs that ended back to PENDING; returns the bells to ring. `rows`: under lock.

    One with a key joins its line anew, at the end.
    """
    free, bells = [], []
    for row in rows:
        joined = row.key and join_line(connection, row.project_id, row.key, row.id)
        if joined and not joined.is_its_turn:
            bells += joined.bells
            _put_back(
                connection, [row.id], run_at=HELD, not_before=null(), rung_at=null(), held_by="key"
            )
        else:
            free.append(row)
    _put_back(connection, [row.id for row in free], run_at=now(), rung_at=now(), held_by=null())
    return bells + [make_bell(row, attempts=0) for row in free]


def _put_back(connection: Connection, ids: Sequence[str], **values: Any) -> None:
    if ids:
        connection.execute(
            transition("resubmit")
            .where(jobs.c.id.in_(ids))
            .values(
                attempts=0,
                finished_at=null(),
                cancel_requested_at=null(),
                lease_expires_at=null(),
                claim_id=null(),
                result=null(),
                superseded_by=null(),
                **values,
            )
        )


def _lock(
    connection: Connection, project_id: str, ids: Sequence[str], states: Iterable[JobState]
) -> list[Row[Any]]:
    """The rows of these jobs that still are in one of the states, under lock."""
    query = select(jobs, IS_WATCHED).where(
        jobs.c.id.in_(sorted(ids)), jobs.c.project_id == project_id, jobs.c.state.in_(states)
    )
    return list(connection.execute(query.with_for_update())) if ids else []


def _choose(
    engine: Engine, wanted: JobFilter, project_id: str, asked: list[Any], limit: int
) -> list[str]:
    query = wanted.select(project_id, jobs.c.id).where(*asked).limit(limit)
    with connect(engine) as connection:
        return list(connection.execute(query).scalars())


def _count(engine: Engine, wanted: JobFilter, project_id: str, asked: list[Any]) -> Swept:
    query = wanted.select(project_id, func.count()).where(*asked)
    with connect(engine) as connection:
        return Swept(int(connection.execute(query).scalar_one()), has_more=False)
