"""What there is to run jobs: tasks, queues, workers; as the record and the contracts say."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, Row, Select, func, select

from chalicelib.broker.contracts import TaskContract, all_contracts
from chalicelib.broker.queues import QUEUES
from chalicelib.db.clock import now, seconds_from_now
from chalicelib.db.engine import connect
from chalicelib.db.tables import jobs, workers
from chalicelib.domain.jobs import HELD, WAITING, JobState
from chalicelib.errors import NotFound
from chalicelib.schemas.fleet import QueueView, RetryView, TaskView

#: Jobs counted at most: beyond that "very many" is all that matters, and it stays cheap.
_MOST = 10_000
#: A worker whose heartbeat is older is not alive.
ALIVE_SECONDS = 30


def list_tasks() -> list[TaskView]:
    """Every task by its name."""
    return [_describe(contract) for _, contract in sorted(all_contracts().items())]


def get_task(name: str) -> TaskView:
    """One task. Raises NotFound."""
    contract = all_contracts().get(name)
    if contract is None:
        raise NotFound(f"There is no task {name}: GET /tasks lists them.")
    return _describe(contract)


def list_queues(engine: Engine) -> list[QueueView]:
    """Every queue, in the order in which workers poll them."""
    with connect(engine) as connection:
        return [_measure(connection, name) for name in QUEUES]


def get_queue(engine: Engine, name: str) -> QueueView:
    """One queue. Raises NotFound."""
    require_queue(name)
    with connect(engine) as connection:
        return _measure(connection, name)


def require_queue(name: str) -> None:
    """Raises NotFound if there is no such queue."""
    if name not in QUEUES:
        raise NotFound(f"There is no queue {name}: GET /queues lists them.")


def list_workers(engine: Engine, project_id: str) -> list[tuple[Row[Any], int, list[str]]]:
    """Each worker with `is_alive`, how many jobs it runs, and the ids of this project's."""
    is_alive = workers.c.last_heartbeat_at > seconds_from_now(-ALIVE_SECONDS)
    running = select(jobs.c.worker_id, jobs.c.id, jobs.c.project_id).where(
        jobs.c.queue.in_(QUEUES), jobs.c.state == JobState.STARTED.value
    )
    counts: dict[str, int] = defaultdict(int)
    own: dict[str, list[str]] = defaultdict(list)
    with connect(engine) as connection:
        query = select(workers, is_alive.label("is_alive")).order_by(workers.c.started_at)
        found = connection.execute(query).all()
        for job in connection.execute(running.limit(_MOST)):
            counts[job.worker_id] += 1
            if job.project_id == project_id:
                own[job.worker_id].append(job.id)
    return [(row, counts[row.id], own[row.id]) for row in found]


def _describe(contract: TaskContract) -> TaskView:
    (schema,), components = msgspec.json.schema_components(
        [contract.parameters], ref_template="#/$defs/{name}"
    )
    name = schema.get("$ref", "").rpartition("/")[2]
    whole = components.pop(name, schema)
    return TaskView(
        name=contract.name,
        description=contract.description,
        queue=contract.queue,
        is_public=contract.is_public,
        parameters={**whole, **({"$defs": components} if components else {})},
        retry=RetryView.from_row(contract.retry),
        retry_on=contract.retry_on,
        soft_time_limit_seconds=contract.soft_time_limit_seconds,
        time_limit_seconds=contract.time_limit_seconds,
    )


def _measure(connection: Connection, queue: str) -> QueueView:
    waiting = select(jobs.c.run_at).where(
        jobs.c.queue == queue, jobs.c.state.in_(sorted(WAITING)), jobs.c.run_at != HELD
    )
    is_due = jobs.c.run_at <= now()
    running = select(jobs.c.id).where(jobs.c.queue == queue, jobs.c.state == JobState.STARTED.value)
    first = connection.execute(
        select(func.min(jobs.c.run_at).label("run_at"), now().label("at")).where(
            jobs.c.queue == queue, jobs.c.state.in_(sorted(WAITING)), is_due
        )
    ).one()
    return QueueView(
        name=queue,
        depth=_count(connection, waiting.where(is_due)),
        delayed=_count(connection, waiting.where(~is_due)),
        in_flight=_count(connection, running),
        oldest_seconds=first.run_at and max(0.0, (first.at - first.run_at).total_seconds()),
    )


def _count(connection: Connection, query: Select[Any]) -> int:
    some = query.limit(_MOST).subquery()
    return int(connection.execute(select(func.count()).select_from(some)).scalar_one())
