"""Makes the jobs of schedules that are due; safe in any number of dispatchers at once.

A run's job and the schedule's next run are written in one transaction, under lock. The
job's id is made of the schedule and the run, so that the table of jobs refuses a second one
even if all else should fail.
"""

from __future__ import annotations

import logging
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, Engine, Row, select, update

from chalicelib.broker import contracts
from chalicelib.broker.message import Bell
from chalicelib.db.clock import now, seconds_from_now
from chalicelib.db.engine import connect, in_transaction
from chalicelib.db.tables import jobs, schedules
from chalicelib.domain.cron import AHEAD, UNREADABLE, plan_runs
from chalicelib.domain.schedules import IfMissed, Timing
from chalicelib.errors import ImmutableObject
from chalicelib.services.jobs import NewJob, insert_job, ring_committed

logger = logging.getLogger(__name__)

#: Schedules handled in one transaction; a pass goes on until there are no more or ROUNDS is up.
_CHUNK = 50
_ROUNDS = 40


def make_due(engine: Engine) -> int:
    """Make and ring the jobs of all schedules that are due; returns how many."""
    total = 0
    for _ in range(_ROUNDS):
        if not _is_any_due(engine):
            break
        bells = in_transaction(engine, _make_chunk)
        ring_committed(engine, bells)
        total += len(bells)
    return total


def insert_run(
    connection: Connection, schedule: Row[Any], run: datetime, delay_seconds: float = 0.0
) -> Bell:
    """Insert the job of a run that comes in `delay_seconds`, or now if that is not above 0.

    Raises ImmutableObject if this release does not know the task.
    """
    contract = contracts.all_contracts().get(schedule.task)
    if contract is None:
        raise ImmutableObject(f"There is no task {schedule.task} any more: delete the schedule.")
    new = NewJob(
        contract=contract,
        parameters=schedule.parameters,
        delay_seconds=max(0.0, delay_seconds),
        run_at=run if delay_seconds > 0 else None,
        job_id=name_run(schedule.id, run),
    )
    return insert_job(connection, schedule.project_id, new)


def name_run(schedule_id: str, run: datetime) -> str:
    """The id of a run's job; later runs of a schedule have later ids."""
    return f"{schedule_id}.{run.astimezone(UTC):%Y%m%dT%H%M%S.%fZ}"


def read_timing(schedule: Row[Any], changes: Mapping[str, Any] | None = None) -> Timing:
    """The timing of a row, with what is to change about it."""
    values = {name: getattr(schedule, name) for name in Timing.__struct_fields__}
    changed = {name: value for name, value in (changes or {}).items() if name in values}
    return Timing(**values | changed)


def _due() -> Any:
    # A schedule of a task that only other releases know is left to their dispatchers.
    return (
        select(schedules, now().label("at"))
        .where(
            schedules.c.next_run_at <= seconds_from_now(AHEAD.total_seconds()),
            schedules.c.task.in_(list(contracts.all_contracts())),
        )
        .order_by(schedules.c.next_run_at)
    )


def _is_any_due(engine: Engine) -> bool:
    with connect(engine) as connection:
        return connection.execute(_due().limit(1)).first() is not None


def _make_chunk(connection: Connection) -> list[Bell]:
    rows = connection.execute(_due().limit(_CHUNK).with_for_update(skip_locked=True)).all()
    return [bell for row in rows for bell in _make(connection, row)]


def _make(connection: Connection, schedule: Row[Any]) -> list[Bell]:
    timing, due = read_timing(schedule), schedule.next_run_at
    try:
        plan = plan_runs(timing, due, schedule.at, IfMissed(schedule.if_missed))
    except UNREADABLE as error:
        # It was read when it was made: a time zone has gone, say. Others must not wait for it.
        logger.error("schedule paused: schedule_id=%s error=%r", schedule.id, error)  # noqa: TRY400 - no trace needed
        _advance(connection, schedule, next_run_at=None, paused_at=now())
        return []
    names = {name_run(schedule.id, run): run for run in plan.runs}
    there = select(jobs.c.id).where(jobs.c.id.in_(names))
    for job_id in connection.execute(there).scalars() if names else ():
        del names[job_id]
    last = {}
    if names:
        *_, (job_id, run) = names.items()
        last = {"last_run_at": run, "last_job_id": job_id}
    if not _advance(connection, schedule, next_run_at=plan.next_run_at, **last):
        return []
    return [
        insert_run(connection, schedule, run, (run - schedule.at).total_seconds())
        for run in names.values()
    ]


def _advance(connection: Connection, schedule: Row[Any], **values: Any) -> bool:
    """Whether it was this dispatcher that took the schedule from the run that it was due for."""
    done = connection.execute(
        update(schedules)
        .where(schedules.c.id == schedule.id, schedules.c.next_run_at == schedule.next_run_at)
        .values(values)
    )
    return done.rowcount == 1
