"""Schedules as their owners see them: created, changed, paused, run at once, deleted."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, Row, delete, insert, select, update
from sqlalchemy.exc import IntegrityError

from chalicelib.broker import contracts
from chalicelib.broker.message import Bell
from chalicelib.db.clock import now, read_clock
from chalicelib.db.engine import connect, in_transaction
from chalicelib.db.paging import newest_first, older_than
from chalicelib.db.tables import jobs, schedules
from chalicelib.domain.cron import find_faults, next_run
from chalicelib.domain.ids import new_id
from chalicelib.domain.jobs import JobState
from chalicelib.domain.schedules import ScheduleChange, ScheduleSpec, Timing
from chalicelib.errors import AlreadyExists, InvalidFields, NotFound
from chalicelib.schemas.checking import fit, to_pointer
from chalicelib.services import audit
from chalicelib.services.idempotency import Once, in_transaction_once
from chalicelib.services.job_reading import get_job
from chalicelib.services.jobs import ring_committed
from chalicelib.services.preconditions import Require
from chalicelib.services.scheduling import insert_run, read_timing


def create(
    engine: Engine, project_id: str, new: ScheduleSpec, *, once: Once | None = None
) -> Row[Any]:
    """Record a schedule; one of every N seconds runs for the first time in N seconds.

    Raises:
        IdempotencyKeyReused: the key was used for something else.
        InvalidFields: the task is not there or not to be scheduled, its parameters do not
            fit, or there is no such time.
        AlreadyExists: the project has a schedule of this name.
    """
    new = msgspec.structs.replace(new, parameters=_require_task(new.task, new.parameters))
    _require_timing(new)
    schedule_id = new_id()

    def work(connection: Connection) -> tuple[Row[Any], list[str]]:
        connection.execute(
            insert(schedules).values(
                id=schedule_id,
                project_id=project_id,
                next_run_at=next_run(new, read_clock(connection)),
                created_at=now(),
                updated_at=now(),
                **msgspec.structs.asdict(new),
            )
        )
        audit.record(connection, project_id, "schedules.create", schedule_id)
        return _find(connection, project_id, schedule_id), [schedule_id]

    def replay(ids: Sequence[str]) -> Row[Any]:
        return get(engine, project_id, ids[0])

    return _with_unique_name(lambda: in_transaction_once(engine, once, work, replay))


def change(
    engine: Engine,
    project_id: str,
    schedule_id: str,
    wanted: ScheduleChange,
    *,
    require: Require | None = None,
) -> Row[Any]:
    """Change a schedule. New parameters hold for jobs that are made from now on.

    Raises NotFound, and what `create` raises.
    """
    values = {
        name: value for name, value in msgspec.structs.asdict(wanted).items() if value is not None
    }
    if "every_seconds" in values and "cron" not in values:
        values["cron"] = None
    elif "cron" in values:
        values.setdefault("every_seconds", None)

    def work(connection: Connection) -> Row[Any]:
        row = _find(connection, project_id, schedule_id, lock=True)
        if require is not None:
            require(row)
        audit.record(connection, project_id, "schedules.change", row.id)
        if wanted.parameters is not None:
            values["parameters"] = _require_task(row.task, wanted.parameters)
        timed = {}
        if values.keys() & set(Timing.__struct_fields__):
            timing = _require_timing(read_timing(row, values))
            if row.paused_at is None:
                timed["next_run_at"] = next_run(timing, _withdraw(connection, row.id))
        return _update(connection, row, **values, **timed)

    return _with_unique_name(lambda: in_transaction(engine, work))


def pause(engine: Engine, project_id: str, schedule_id: str) -> Row[Any]:
    """Make no more jobs; runs that pass meanwhile are not missed. Raises NotFound."""

    def work(connection: Connection) -> Row[Any]:
        row = _find(connection, project_id, schedule_id, lock=True)
        audit.record(connection, project_id, "schedules.pause", row.id)
        if row.paused_at is not None:
            return row
        _withdraw(connection, row.id)
        return _update(connection, row, paused_at=now(), next_run_at=None)

    return in_transaction(engine, work)


def resume(engine: Engine, project_id: str, schedule_id: str) -> Row[Any]:
    """Go on from now; every N seconds begins anew. Raises NotFound, InvalidFields."""

    def work(connection: Connection) -> Row[Any]:
        row = _find(connection, project_id, schedule_id, lock=True)
        audit.record(connection, project_id, "schedules.resume", row.id)
        if row.paused_at is None:
            return row
        following = next_run(_require_timing(read_timing(row)), read_clock(connection))
        return _update(connection, row, paused_at=None, next_run_at=following)

    return in_transaction(engine, work)


def run_now(
    engine: Engine, project_id: str, schedule_id: str, *, once: Once | None = None
) -> Row[Any]:
    """Make a job beside those of the schedule, which may be paused; returns the job's row.

    Raises:
        NotFound: this project has no such schedule.
        ImmutableObject: this release does not know its task.
        IdempotencyKeyReused: the key was used for something else.
    """

    def work(connection: Connection) -> tuple[tuple[Row[Any], list[Bell]], list[str]]:
        row = _find(connection, project_id, schedule_id, lock=True)
        audit.record(connection, project_id, "schedules.run", row.id)
        bell = insert_run(connection, row, read_clock(connection))
        job = connection.execute(select(jobs).where(jobs.c.id == bell.job_id)).one()
        return (job, [bell]), [job.id]

    def replay(ids: Sequence[str]) -> tuple[Row[Any], list[Bell]]:
        return get_job(engine, project_id, ids[0]), []

    job, bells = in_transaction_once(engine, once, work, replay)
    ring_committed(engine, bells)
    return job


def delete_schedule(
    engine: Engine, project_id: str, schedule_id: str, *, require: Require | None = None
) -> None:
    """Delete a schedule; the jobs that it made stay. Raises NotFound."""

    def work(connection: Connection) -> None:
        row = _find(connection, project_id, schedule_id, lock=True)
        if require is not None:
            require(row)
        audit.record(connection, project_id, "schedules.delete", row.id)
        _withdraw(connection, row.id)
        connection.execute(delete(schedules).where(schedules.c.id == row.id))

    in_transaction(engine, work)


def get(engine: Engine, project_id: str, schedule_id: str) -> Row[Any]:
    """The row of a schedule. Raises NotFound if this project has no such one."""
    with connect(engine) as connection:
        return _find(connection, project_id, schedule_id)


def list_newest(
    engine: Engine, project_id: str, *, limit: int, after: str | None = None
) -> list[Row[Any]]:
    """Schedules of a project, newest first. `after`: id of the last row of the page before.

    Raises NotFound if this project has no schedule `after`.
    """
    query = select(schedules).where(schedules.c.project_id == project_id)
    with connect(engine) as connection:
        if after is not None:
            last = _find(connection, project_id, after)
            query = query.where(older_than(schedules, last))
        return list(connection.execute(newest_first(query, schedules).limit(limit)))


def _require_task(name: str, parameters: dict[str, Any]) -> dict[str, Any]:
    """The parameters as the task has them. Raises InvalidFields."""
    contract = contracts.all_contracts().get(name)
    if contract is None or not contract.is_public:
        known = [each.name for each in contracts.all_contracts().values() if each.is_public]
        told = f"Expected a task that can be scheduled: {', '.join(sorted(known)) or 'none here'}."
        raise InvalidFields([("/task", told)])
    fitted, problems = fit(parameters, contract.parameters)
    if problems:
        raise InvalidFields([(f"/parameters{to_pointer(place)}", told) for place, told in problems])
    return dict(fitted)


def _require_timing(timing: Timing) -> Timing:
    if faults := find_faults(timing):
        raise InvalidFields([(f"/{name}", told) for name, told in faults.items()])
    return timing


def _withdraw(connection: Connection, schedule_id: str) -> datetime:
    """Take back the jobs that were made ahead of their time; returns the moment of that."""
    at = read_clock(connection)
    connection.execute(
        delete(jobs).where(
            # Their ids begin with the schedule's and a dot, which no other job's does.
            jobs.c.id.between(f"{schedule_id}.", f"{schedule_id}/"),
            jobs.c.state == JobState.PENDING.value,
            jobs.c.attempts == 0,
            jobs.c.run_at > at,
        )
    )
    return at


def _update(connection: Connection, row: Row[Any], **values: Any) -> Row[Any]:
    connection.execute(
        update(schedules).where(schedules.c.id == row.id).values(updated_at=now(), **values)
    )
    return _find(connection, row.project_id, row.id)


def _with_unique_name(write: Callable[[], Row[Any]]) -> Row[Any]:
    try:
        return write()
    except IntegrityError as error:
        raise AlreadyExists("This project has a schedule of that name.") from error


def _find(
    connection: Connection, project_id: str, schedule_id: str, *, lock: bool = False
) -> Row[Any]:
    query = select(schedules).where(
        schedules.c.id == schedule_id, schedules.c.project_id == project_id
    )
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound(f"There is no schedule {schedule_id} in this project.")
    return row
