"""What there is to run jobs: tasks, queues, workers; as the record and the contracts say."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, Row, Select, func, literal, select, union_all

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
        return _measure(connection, QUEUES)


def get_queue(engine: Engine, name: str) -> QueueView:
    """One queue. Raises NotFound."""
    require_queue(name)
    with connect(engine) as connection:
        return _measure(connection, [name])[0]


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


def _measure(connection: Connection, queues: Sequence[str]) -> list[QueueView]:
    """How much is in queues, by one statement, which stops counting at _MOST."""
    measured = connection.execute(union_all(*map(_size, queues))).all()
    found = {row.queue: row for row in measured}
    return [
        QueueView(
            name=row.queue,
            depth=row.depth,
            delayed=row.delayed,
            held=row.held,
            in_flight=row.in_flight,
            oldest_seconds=row.run_at and max(0.0, (row.at - row.run_at).total_seconds()),
        )
        for row in (found[name] for name in queues)
    ]


def _size(queue: str) -> Select[Any]:
    def some(*conditions: Any) -> Any:
        return select(jobs.c.run_at).where(jobs.c.queue == queue, *conditions).limit(_MOST)

    is_waiting = jobs.c.state.in_(sorted(WAITING))
    due = some(is_waiting, jobs.c.run_at <= now()).subquery()
    delayed = some(is_waiting, jobs.c.run_at > now(), jobs.c.run_at != HELD).subquery()
    held = some(is_waiting, jobs.c.rung_at.is_(None), jobs.c.run_at == HELD).subquery()
    running = some(jobs.c.state == JobState.STARTED.value).subquery()
    return select(
        literal(queue).label("queue"),
        func.count().label("depth"),
        func.min(due.c.run_at).label("run_at"),
        select(func.count()).select_from(delayed).scalar_subquery().label("delayed"),
        select(func.count()).select_from(held).scalar_subquery().label("held"),
        select(func.count()).select_from(running).scalar_subquery().label("in_flight"),
        now().label("at"),
    ).select_from(due)
