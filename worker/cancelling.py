"""Obeys orders to stop a running job: first an exception inside the task, then a kill."""

from __future__ import annotations

import logging
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

from celery.concurrency.prefork import TaskPool
from celery.signals import worker_process_init

from chalicelib.errors import JobCancelled
from worker import process

logger = logging.getLogger(__name__)

#: Tells a pool process that the job it runs was cancelled. Celery's own soft time limit
#: uses SIGUSR1 in the same way.
_SIGNAL = signal.SIGUSR2


class Canceller:
    """The main process's side: sends the signal, and the kill when the grace is over."""

    def __init__(self, controller: Any, grace_seconds: float) -> None:
        self._controller = controller
        self._grace_seconds = grace_seconds
        #: Job id -> monotonic time at which it was told.
        self._told_at: dict[str, float] = {}

    def obey(self, job_ids: Sequence[str]) -> None:
        """Act on the orders that are out for jobs of this worker; called at each beat."""
        running = {request.id: request for request in process.running_requests()}
        self._told_at = {job_id: at for job_id, at in self._told_at.items() if job_id in job_ids}
        for job_id in job_ids:
            request = running.get(job_id)
            pid = getattr(request, "worker_pid", None)
            if not isinstance(self._controller.pool, TaskPool) or not pid:
                # Threads and greenlets cannot be interrupted safely: the attempt's end decides.
                continue
            if job_id not in self._told_at:
                self._told_at[job_id] = time.monotonic()
                _send(pid, _SIGNAL, job_id)
            elif time.monotonic() - self._told_at[job_id] > self._grace_seconds:
                _send(pid, signal.SIGKILL, job_id)


def _send(pid: int, number: signal.Signals, job_id: str) -> None:
    logger.info("job ordered to stop: job_id=%s pid=%d signal=%s", job_id, pid, number.name)
    with suppress(ProcessLookupError):  # it has ended meanwhile
        os.kill(pid, number)


#: Set while a task's own code runs in this process.
_interruptible = threading.Event()


@contextmanager
def interruptible() -> Iterator[None]:
    """While this lasts, the signal raises JobCancelled; at other times it does nothing."""
    _interruptible.set()
    try:
        yield
    finally:
        _interruptible.clear()


def _on_signal(number: int, frame: Any) -> None:
    if _interruptible.is_set():
        raise JobCancelled


@worker_process_init.connect  # type: ignore[untyped-decorator]
def _listen(**_: Any) -> None:
    signal.signal(_SIGNAL, _on_signal)
