"""Counts jobs that ended, minute by minute, so that no chart has to look at each job.

Done once for each minute, when it is over, by whoever keeps house first; for the moments since
then jobs themselves are counted.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, Row, Select, case, delete, func, select
from sqlalchemy.dialects import mysql, sqlite

from chalicelib.db.clock import minute_of, now, seconds_between, seconds_from_now
from chalicelib.db.engine import connect, in_transaction
from chalicelib.db.tables import job_counts, jobs
from chalicelib.domain.waits import BOUNDS, NEVER

#: Minutes that counts are kept: a day, and one hour more.
_KEPT_MINUTES = 25 * 60
#: An outcome may be committed so many seconds after the moment that it bears.
_LATE_SECONDS = 20
#: Minutes that are counted in one transaction, and seconds after which the rest has to wait for
#: the next time: a day has to be made up for when this runs for the first time.
_SLICE_MINUTES = 15
_MOST_SECONDS = 2.0
#: Jobs that a look counts itself, at most.
_MOST_FRESH = 20_000


class _Marks(NamedTuple):
    """Minutes since 1970."""

    #: The one that it is now.
    this: int
    #: The last one in which no more jobs can end.
    over: int
    #: The last one that is counted.
    counted: int


def keep_counts(engine: Engine) -> int:
    """Count the minutes that are over and not counted yet; returns how many rows that made."""
    with connect(engine) as connection:
        marks = _read_marks(connection)
        since = _moment(max(marks.counted + 1, marks.this - _KEPT_MINUTES))
        ended = select(minute_of(func.min(jobs.c.finished_at))).where(jobs.c.finished_at >= since)
        first = connection.execute(ended).scalar_one()
    made, until = 0, time.monotonic() + _MOST_SECONDS
    while first is not None and first <= marks.over and time.monotonic() < until:
        last = min(first + _SLICE_MINUTES - 1, marks.over)
        made += in_transaction(engine, partial(_keep, first=first, last=last))
        first = last + 1
    return made


def read_counts(
    engine: Engine, project_id: str, *, minutes: int, step: int
) -> tuple[int, Sequence[Row[Any]]]:
    """This minute, and what ended in the last `minutes`: rows of `minute, state, wait, ended`.

    `step`: minutes that are added up, and named by the first of them, a multiple of it.
    """
    with connect(engine) as connection:
        marks = _read_marks(connection)
        first = marks.this - minutes + 1
        kept = _added_up(job_counts.c, func.sum(job_counts.c.ended), step).where(
            job_counts.c.project_id == project_id, job_counts.c.minute >= first
        )
        since = _moment(max(marks.counted + 1, first))
        mine = _ended(since).where(jobs.c.project_id == project_id).limit(_MOST_FRESH)
        mine = mine.order_by(jobs.c.finished_at.desc())
        fresh = _added_up(mine.subquery().c, func.count(), step)
        return marks.this, [*connection.execute(kept), *connection.execute(fresh)]


def _keep(connection: Connection, *, first: int, last: int) -> int:
    ended = _ended(_moment(first)).where(jobs.c.finished_at < _moment(last + 1))
    keys = list(ended.subquery().c)
    counted = select(*keys, func.count().label("ended")).group_by(*keys)
    rows = [dict(row) for row in connection.execute(counted).mappings()]
    if rows:
        _insert(connection, rows)
    connection.execute(delete(job_counts).where(job_counts.c.minute < last - _KEPT_MINUTES))
    return len(rows)


def _ended(since: datetime) -> Select[Any]:
    """Jobs that ended at `since` or later, each with its minute and the class of its wait."""
    due = case((jobs.c.run_at > jobs.c.created_at, jobs.c.run_at), else_=jobs.c.created_at)
    waited = seconds_between(due, jobs.c.started_at)
    classes = [(waited <= bound, number) for number, bound in enumerate(BOUNDS)]
    wait = case((jobs.c.started_at.is_(None), NEVER), *classes, else_=len(BOUNDS))
    minute = minute_of(jobs.c.finished_at)
    return select(
        jobs.c.project_id, jobs.c.task, jobs.c.state, minute.label("minute"), wait.label("wait")
    ).where(jobs.c.finished_at >= since)


def _added_up(columns: Any, number: Any, step: int) -> Select[Any]:
    minute = columns.minute - columns.minute % step
    return select(
        minute.label("minute"), columns.state, columns.wait, number.label("ended")
    ).group_by(minute, columns.state, columns.wait)


def _read_marks(connection: Connection) -> _Marks:
    last = select(func.max(job_counts.c.minute)).scalar_subquery()
    over = minute_of(seconds_from_now(-60 - _LATE_SECONDS))
    row = connection.execute(select(minute_of(now()), over, last)).one()
    # What ended before the first count is too old to be counted.
    return _Marks(row[0], row[1], row[0] - _KEPT_MINUTES if row[2] is None else row[2])


def _moment(minute: int) -> datetime:
    return datetime.fromtimestamp(60 * minute, UTC)


def _insert(connection: Connection, rows: list[dict[str, Any]]) -> None:
    """Write counts, which somebody else may be writing at the same time."""
    statement: Any
    if connection.dialect.name == "sqlite":
        statement = sqlite.insert(job_counts).on_conflict_do_nothing()
    else:
        statement = mysql.insert(job_counts)
        statement = statement.on_duplicate_key_update(ended=statement.inserted.ended)
    connection.execute(statement, rows)
