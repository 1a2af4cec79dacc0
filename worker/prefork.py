"""Celery's pool of processes, to which a job is written a turn of the event loop sooner."""

from __future__ import annotations

from typing import Any

from celery.concurrency.asynpool import AsynPool
from celery.concurrency.prefork import TaskPool as CeleryTaskPool


class JobPool(AsynPool):  # type: ignore[misc]  # celery has no types
    """Writes to the pipes of free processes at once, for those are empty.

    Celery asks the loop which of them can be written, is told in its next turn, and tells the
    loop in each turn without a job that it asks no more: two system calls a process and turn.
    """

    def _create_write_handlers(self, hub: Any, *args: Any, **options: Any) -> None:
        super()._create_write_handlers(hub, *args, **options)
        write_one_each, waiting = hub.consolidate_callback, self.outbound_buffer

        def on_poll_start() -> None:
            if waiting:
                free = self._all_inqueues - self._active_writes - self._busy_workers
                write_one_each(list(free)[: len(waiting)])

        self.on_poll_start = on_poll_start


class TaskPool(CeleryTaskPool):  # type: ignore[misc]
    """What `-P prefork` is in this project's workers."""

    Pool = JobPool
