"""What an operator asks first: is it moving, how long do jobs wait, what fails, what is paused.

Every question is one query on an index, bounded in what it reads however many jobs there are.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from sqlalchemy import Connection, Engine, func, select

from chalicelib.db.clock import seconds_from_now
from chalicelib.db.engine import connect
from chalicelib.db.paging import newest_first
from chalicelib.db.tables import controls, jobs, schedules, webhooks, workers
from chalicelib.domain.jobs import JobState
from chalicelib.domain.waits import quantile
from chalicelib.schemas.overview import (
    FailureGroup,
    OverviewAnswer,
    OverviewPoint,
    Paused,
    WorkersNow,
)
from chalicelib.services.breakers import list_breakers
from chalicelib.services.fleet import ALIVE_SECONDS, list_queues
from chalicelib.services.job_counts import read_counts

#: Failed jobs that are looked at, and groups of them that are told.
_MOST_FAILURES = 500
_MOST_GROUPS = 10
_MOST_PAUSED = 50


class Window(NamedTuple):
    """How far back a chart goes, and in what steps; both in minutes."""

    minutes: int
    step: int


WINDOWS = {"hour": Window(60, 1), "day": Window(1440, 15)}


def look(engine: Engine, project_id: str, window: str, at: datetime) -> OverviewAnswer:
    """Everything at once. `window`: a name in WINDOWS; `at`: this moment.

    Raises DatabaseUnavailable.
    """
    minutes, step = WINDOWS[window]
    this, rows = read_counts(engine, project_id, minutes=minutes, step=step)
    states: Counter[str] = Counter()
    waits: Counter[int] = Counter()
    for row in rows:
        states[row.state] += int(row.ended)
        waits[row.wait] += int(row.ended)
    circuit_breakers = list_breakers(engine, project_id)
    queues, last_minute = list_queues(engine), _count_last_minute(engine, project_id)
    with connect(engine) as connection:
        return OverviewAnswer(
            at=at,
            window=window,
            step_seconds=60 * step,
            points=_points(rows, this, minutes, step),
            succeeded=states[JobState.SUCCESS],
            failed=states[JobState.FAILURE],
            revoked=states[JobState.REVOKED],
            wait_p50=quantile(waits, 0.5),
            wait_p95=quantile(waits, 0.95),
            last_minute=last_minute,
            queues=queues,
            workers=_count_workers(connection, sum(queue.in_flight for queue in queues)),
            failures=_group_failures(connection, project_id, minutes),
            paused=_find_paused(connection, project_id),
            circuit_breakers=circuit_breakers,
        )


def _points(rows: Iterable[Any], this: int, minutes: int, step: int) -> list[OverviewPoint]:
    states: dict[int, Counter[str]] = defaultdict(Counter)
    waits: dict[int, Counter[int]] = defaultdict(Counter)
    for row in rows:
        states[row.minute][row.state] += int(row.ended)
        waits[row.minute][row.wait] += int(row.ended)
    last = this - this % step
    return [
        OverviewPoint(
            at=datetime.fromtimestamp(60 * minute, UTC),
            succeeded=states[minute][JobState.SUCCESS],
            failed=states[minute][JobState.FAILURE],
            revoked=states[minute][JobState.REVOKED],
            wait_p50=quantile(waits[minute], 0.5),
            wait_p95=quantile(waits[minute], 0.95),
        )
        for minute in range(last - minutes + step, last + 1, step)
    ]


def _count_last_minute(engine: Engine, project_id: str) -> int:
    this, rows = read_counts(engine, project_id, minutes=2, step=1)
    return sum(int(row.ended) for row in rows if row.minute == this - 1)


def _count_workers(connection: Connection, running: int) -> WorkersNow:
    alive = workers.c.last_heartbeat_at > seconds_from_now(-ALIVE_SECONDS)
    query = select(func.count(), func.sum(workers.c.concurrency)).where(alive)
    count, capacity = connection.execute(query).one()
    return WorkersNow(alive=count, capacity=int(capacity or 0), running=running)


def _group_failures(connection: Connection, project_id: str, minutes: int) -> list[FailureGroup]:
    query = select(jobs.c.id, jobs.c.task, jobs.c.error, jobs.c.finished_at).where(
        jobs.c.project_id == project_id,
        jobs.c.state == JobState.FAILURE.value,
        jobs.c.created_at > seconds_from_now(-60 * minutes),
    )
    last: dict[tuple[str, str], Any] = {}
    counts: Counter[tuple[str, str]] = Counter()
    for row in connection.execute(newest_first(query, jobs, "state").limit(_MOST_FAILURES)):
        key = row.task, str((row.error or {}).get("type") or "Error")
        last.setdefault(key, row)
        counts[key] += 1
    return [
        FailureGroup(
            task=key[0],
            error_type=key[1],
            message=str((last[key].error or {}).get("message") or "")[:500],
            count=count,
            last_at=last[key].finished_at,
            last_job_id=last[key].id,
        )
        for key, count in counts.most_common(_MOST_GROUPS)
    ]


def _find_paused(connection: Connection, project_id: str) -> list[Paused]:
    fleet = select(controls.c.scope, controls.c.name, controls.c.paused_at).where(
        controls.c.paused_at.is_not(None)
    )
    found = [tuple(row) for row in connection.execute(fleet.limit(_MOST_PAUSED))]
    for kind, table, name, since in (
        ("schedule", schedules, schedules.c.name, schedules.c.paused_at),
        ("webhook", webhooks, webhooks.c.url, webhooks.c.disabled_at),
    ):
        query = select(name, since).where(table.c.project_id == project_id, since.is_not(None))
        found += [(kind, *row) for row in connection.execute(query.limit(_MOST_PAUSED))]
    return [Paused(kind=kind, name=name, since=since) for kind, name, since in found]
