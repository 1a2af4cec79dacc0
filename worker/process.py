"""What there is one of in a worker process: its id, and its engine.

Pool processes are forks of the worker's main process: they share its id, and never its
connections.
"""

from __future__ import annotations

import os
import threading
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from celery.worker import state
from sqlalchemy import Engine

from chalicelib.db.engine import make_configured_engine
from chalicelib.domain.ids import new_id
from chalicelib.settings import get_settings

if TYPE_CHECKING:
    from worker.desk import Desk

#: Id of this worker in `workers` and on the jobs that it holds; inherited by its pool.
WORKER_ID = new_id()
#: Threads of the main process that may want a connection at once: loop, desk, beat, dispatch,
#: and the one that leaves. Connections are opened when they are wanted.
_THREADS = 5
#: Statements here are over many jobs: one row that somebody has locked must not stop the rest.
_LOCK_WAIT_SECONDS = 5
#: Set when this worker ends its own pool: that its jobs break off is no fault of theirs.
is_leaving = threading.Event()


def running_requests() -> list[Any]:
    """The requests that this worker's pool runs; safe in any thread of the main process."""
    for _ in range(100):
        try:
            return list(state.active_requests)
        except RuntimeError:  # it grew while it was read
            continue
    return []


def find_desk(controller: Any) -> Desk | None:
    """The desk of this worker, None before it began, and where tasks claim their own jobs."""
    desk: Desk | None = getattr(getattr(controller, "consumer", None), "desk", None)
    return desk


def find_channel(controller: Any) -> Any:
    """The channel that this worker consumes from, None while there is no connection."""
    consumer = getattr(controller, "consumer", None)
    task_consumer = getattr(consumer, "task_consumer", None)
    return getattr(task_consumer, "channel", None)


def engine() -> Engine:
    """The engine of this very process: a fork makes its own, whatever it inherited."""
    return _engine_of(os.getpid())


@lru_cache(maxsize=1)
def _engine_of(pid: int) -> Engine:
    settings = get_settings()
    return make_configured_engine(
        settings,
        pool_size=max(_THREADS, settings.database_pool_size),
        lock_wait_seconds=_LOCK_WAIT_SECONDS,
    )
