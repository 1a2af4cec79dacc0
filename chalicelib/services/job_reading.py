"""Jobs are looked at: one, a page of them, their attempts; and waited for."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    Row,
    Select,
    Text,
    func,
    select,
    type_coerce,
)

from chalicelib.db.engine import connect
from chalicelib.db.paging import newest_first, older_than
from chalicelib.db.tables import attempts, job_tags, jobs
from chalicelib.domain import jsontext
from chalicelib.domain.jobs import FINAL, JobState
from chalicelib.errors import NotFound
from chalicelib.schemas.job_requests import JobCriteria
from chalicelib.services.delivery_plans import IS_WATCHED

#: Seconds between two looks at a job that somebody waits for: the first, and the longest.
_FIRST_LOOK_SECONDS = 0.05
_LAST_LOOK_SECONDS = 0.5


class JobFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which jobs of a project are meant; what is None does not matter."""

    state: JobState | None = None
    task: str | None = None
    queue: str | None = None
    key: str | None = None
    tag: str | None = None
    parent_id: str | None = None
    #: Text somewhere in the error.
    error: str | None = None
    #: From this moment on.
    created_after: datetime | None = None
    #: Before this moment.
    created_before: datetime | None = None

    @classmethod
    def from_criteria(cls, criteria: JobCriteria) -> JobFilter:
        """What a request says of jobs; text in an error is looked for in those that failed."""
        named = {name: getattr(criteria, name) for name in cls.__struct_fields__}
        if criteria.error is not None and criteria.state is None:
            # No index holds the text: to look through all jobs would take too long.
            named["state"] = JobState.FAILURE
        return cls(**named)

    def conditions(self, project_id: str) -> list[ColumnElement[bool]]:
        """What a query for these jobs asks of their rows."""
        equal = {
            name: getattr(self, name) for name in ("state", "task", "queue", "key", "parent_id")
        }
        asked: list[ColumnElement[bool]] = [
            jobs.c.project_id == project_id,
            *(jobs.c[name] == str(value) for name, value in equal.items() if value is not None),
        ]
        # Of the tag's own table, where it has one: there it is part of the index.
        table = job_tags if self.tag is not None else jobs
        if self.tag is not None:
            asked += [job_tags.c.project_id == project_id, job_tags.c.tag == self.tag]
        if self.error is not None:
            # As it stands in the JSON, without its quotation marks.
            said = jsontext.encode(self.error)[1:-1]
            asked.append(type_coerce(jobs.c.error, Text()).contains(said, autoescape=True))
        if self.created_after is not None:
            asked.append(table.c.created_at >= self.created_after)
        if self.created_before is not None:
            asked.append(table.c.created_at < self.created_before)
        return asked

    def select(self, project_id: str, *columns: Any) -> Select[Any]:
        """A query for `columns` of these jobs."""
        query = select(*columns).where(*self.conditions(project_id))
        if self.tag is None:
            return query.select_from(jobs)
        return query.select_from(job_tags.join(jobs, jobs.c.id == job_tags.c.job_id))


def get_job(engine: Engine, project_id: str, job_id: str) -> Row[Any]:
    """The row of a job. Raises NotFound if this project has no such job."""
    with connect(engine) as connection:
        return find_job(connection, project_id, job_id)


def wait_for_change(
    engine: Engine, project_id: str, job_id: str, seconds: float, state: JobState | None = None
) -> Row[Any]:
    """The row of a job as soon as it has ended or changed, or as it is after `seconds`.

    `state`: the one that the caller knows of; if None, the one that it is in now.
    Raises NotFound.
    """
    until = time.monotonic() + seconds
    first = row = get_job(engine, project_id, job_id)
    known = (first.state if state is None else state.value, first.attempts)
    pause = _FIRST_LOOK_SECONDS
    while (row.state, row.attempts) == known and row.state not in FINAL:
        left = until - time.monotonic()
        if left <= 0:
            break
        # No connection is held meanwhile.
        time.sleep(min(pause, left))
        pause = min(2 * pause, _LAST_LOOK_SECONDS)
        row = get_job(engine, project_id, job_id)
    return row


def list_newest(
    engine: Engine,
    project_id: str,
    *,
    limit: int,
    after: str | None = None,
    wanted: JobFilter | None = None,
) -> list[Row[Any]]:
    """Jobs of a project, newest first. `after`: id of the last row of the page before.

    Raises NotFound if this project has no job `after`.
    """
    wanted = wanted or JobFilter()
    query = wanted.select(project_id, jobs)
    with connect(engine) as connection:
        last = None if after is None else find_job(connection, project_id, after)
        return list(connection.execute(_page(query, wanted, last).limit(limit)))


def count(engine: Engine, project_id: str, wanted: JobFilter) -> int:
    """How many jobs there are; takes the longer the more there are."""
    with connect(engine) as connection:
        query = wanted.select(project_id, func.count())
        return int(connection.execute(query).scalar_one())


def list_attempts(engine: Engine, project_id: str, job_id: str) -> list[Row[Any]]:
    """The attempts at a job that did not succeed, oldest first. Raises NotFound."""
    with connect(engine) as connection:
        find_job(connection, project_id, job_id)
        found = connection.execute(
            select(attempts).where(attempts.c.job_id == job_id).order_by(attempts.c.ended_at)
        )
        return list(found)


def find_job(
    connection: Connection, project_id: str, job_id: str, *, lock: bool = False
) -> Row[Any]:
    """The row of a job, under lock if asked. Raises NotFound."""
    query = select(jobs, IS_WATCHED) if lock else select(jobs)
    query = query.where(jobs.c.id == job_id, jobs.c.project_id == project_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound(f"There is no job {job_id} in this project.")
    return row


def _page(query: Select[Any], wanted: JobFilter, last: Row[Any] | None) -> Select[Any]:
    """The rows behind `last`, by the index that is narrowest."""
    if wanted.tag is not None:
        if last is not None:
            query = query.where(older_than(job_tags, last, job_tags.c.job_id))
        return query.order_by(job_tags.c.created_at.desc(), job_tags.c.job_id.desc())
    if last is not None:
        query = query.where(older_than(jobs, last))
    if wanted.parent_id is not None:  # few, found by their own index and then put in order
        return query.order_by(jobs.c.created_at.desc(), jobs.c.id.desc())
    by = next((name for name in ("key", "task", "state", "queue") if getattr(wanted, name)), None)
    return newest_first(query, jobs, by)
