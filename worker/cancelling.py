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
from worker.launching import Launches

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
        if not isinstance(self._controller.pool, TaskPool):
            return  # threads and greenlets cannot be interrupted safely: the attempt's end decides
        running = {request.id: request for request in process.running_requests()}
        for job_id in [one for one in list(self._told_at) if one not in job_ids]:
            del self._told_at[job_id]
        for job_id in job_ids:
            request = running.get(job_id)
            told_at = self._told_at.get(job_id)
            if request is None:
                continue
            if told_at is None:
                self._send(request, _SIGNAL)
            elif time.monotonic() - told_at > self._grace_seconds:
                self._send(request, signal.SIGKILL)

    def _send(self, request: Any, number: signal.Signals) -> None:
        desk = process.find_desk(self._controller)
        if desk is None or not hasattr(self._controller.pool, "signal"):  # Celery's own pool
            self._note(request, number, is_sent=_signal(request.worker_pid, number))
        else:
            desk.calls.soon(self._send_in_loop, desk.launches, request, number)

    def _send_in_loop(self, launches: Launches, request: Any, number: signal.Signals) -> None:
        """The process may have gone on to another job of its run, which is not meant."""
        with suppress(ProcessLookupError):  # it has ended meanwhile
            self._note(request, number, is_sent=launches.signal(request, number))

    def _note(self, request: Any, number: signal.Signals, *, is_sent: bool) -> None:
        if is_sent:
            self._told_at.setdefault(request.id, time.monotonic())
            words = "job ordered to stop: job_id=%s pid=%s signal=%s"
            logger.info(words, request.id, request.worker_pid, number.name)


def _signal(pid: int | None, number: signal.Signals) -> bool:
    """Returns False if the process has ended meanwhile."""
    with suppress(ProcessLookupError):
        if pid:
            os.kill(pid, number)
            return True
    return False


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
