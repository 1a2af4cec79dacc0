"""What a task says about how far it has come: kept in its job, at most once a second."""

from __future__ import annotations

import logging
import math
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

from celery.signals import task_postrun

from chalicelib.errors import DatabaseUnavailable
from chalicelib.services.progress import Progress, Step, write_progress
from worker import process

logger = logging.getLogger(__name__)

#: Seconds between two writes of a job; what is told in between is kept back until the next.
_PAUSE_SECONDS = 1.0
_MESSAGE_CHARACTERS = 500
#: Cancelling and soft time limits raise inside a task: not while it talks to the database.
_INTERRUPTING = {signal.SIGUSR1, signal.SIGUSR2}


class Reporter:
    """A job's `progress`: call it, or go through steps."""

    def __init__(self, job_id: str, claim_id: str, attempt: int) -> None:
        self._job_id = job_id
        self._claim_id = claim_id
        self._told = Progress(attempt=attempt, at=datetime.now(UTC))
        self._written_at = float("-inf")
        self._is_kept_back = False

    def __call__(self, percent: float | None = None, message: str | None = None) -> None:
        """Say how far the job is (0 to 100, None: unknown) and with what it is busy."""
        if percent is not None:
            is_number = not math.isnan(percent)
            percent = round(min(100.0, max(0.0, float(percent))), 1) if is_number else None
        self._told.percent = percent
        self._told.message = None if message is None else _storable(message)
        self._tell()

    def begin(self, steps: Sequence[str]) -> None:
        """Say which steps the job consists of; none has begun."""
        self._told.steps = [Step(name=_storable(name)) for name in steps]
        self._tell()

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        """Be at a step meanwhile; it is done when this ends without an error.

        A step that was not said before is added behind the others. The percentage is that of
        the steps done.
        """
        step = next((each for each in self._told.steps if each.name == _storable(name)), None)
        if step is None:
            step = Step(name=_storable(name))
            self._told.steps = [*self._told.steps, step]
        step.state = "running"
        self._told.message = step.name
        self._tell()
        yield
        step.state = "done"
        done = sum(1 for each in self._told.steps if each.state == "done")
        self._told.percent = round(100.0 * done / len(self._told.steps), 1)
        self._tell()

    def flush(self) -> None:
        """Write what was kept back."""
        if self._is_kept_back:
            self._write()

    def _tell(self) -> None:
        self._told.at = datetime.now(UTC)
        self._is_kept_back = time.monotonic() - self._written_at < _PAUSE_SECONDS
        if not self._is_kept_back:
            self._write()

    def _write(self) -> None:
        self._written_at, self._is_kept_back = time.monotonic(), False
        try:
            with _uninterrupted():
                write_progress(process.engine(), self._job_id, self._claim_id, self._told)
        except DatabaseUnavailable as error:
            # The work goes on; the next that is told may be written again.
            logger.warning("progress not kept: job_id=%s error=%s", self._job_id, error)


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Hold signals back: a connection that is left in the middle of an answer is spoilt."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _INTERRUPTING)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _storable(text: str) -> str:
    return text[:_MESSAGE_CHARACTERS].encode("utf-8", "backslashreplace").decode()


@task_postrun.connect  # type: ignore[untyped-decorator]
def _flush(task: Any, **_: Any) -> None:
    reporter = getattr(getattr(task.request, "job", None), "progress", None)
    if isinstance(reporter, Reporter):
        reporter.flush()
