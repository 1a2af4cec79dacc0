"""Worker processes: registered, alive while their heartbeat is fresh, pruned when it is not."""

from __future__ import annotations

import msgspec
from sqlalchemy import Engine, delete, insert, update

from chalicelib.db.clock import now, seconds_from_now
from chalicelib.db.engine import connect
from chalicelib.db.tables import workers


class WorkerFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker says of itself."""

    id: str
    hostname: str
    pid: int
    concurrency: int
    queues: list[str]


def register(engine: Engine, worker: WorkerFacts) -> None:
    """Write the row of a worker that starts."""
    with connect(engine) as connection:
        connection.execute(
            insert(workers).values(
                **msgspec.structs.asdict(worker),
                started_at=now(),
                last_heartbeat_at=now(),
                heard={},
            )
        )


def heartbeat(engine: Engine, worker: WorkerFacts, heard: dict[str, float]) -> None:
    """Say that the worker is alive; a row that was pruned meanwhile is written again.

    `heard`: per queue, see `chalicelib.services.heard`.
    """
    with connect(engine) as connection:
        beaten = connection.execute(
            update(workers)
            .where(workers.c.id == worker.id)
            .values(last_heartbeat_at=now(), heard=heard)
        )
    if beaten.rowcount == 0:
        register(engine, worker)


def deregister(engine: Engine, worker_id: str) -> None:
    """Remove the row of a worker that stops."""
    with connect(engine) as connection:
        connection.execute(delete(workers).where(workers.c.id == worker_id))


def prune(engine: Engine, silent_seconds: float) -> int:
    """Remove workers without a heartbeat for this long; returns how many.

    Their jobs need nothing from here: each claim has its own lease.
    """
    with connect(engine) as connection:
        found = connection.execute(
            delete(workers).where(workers.c.last_heartbeat_at < seconds_from_now(-silent_seconds))
        )
        return found.rowcount
