"""What workers run in a run: `celery -A tests.chaos.tasks worker`."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager

from celery import current_task
from sqlalchemy import Connection, insert

from chalicelib.errors import PermanentError, RetryableError
from tests.chaos import kinds, ledger
from tests.chaos.kinds import Errand
from worker.celery import app
from worker.tasks.base import Job, implements

__all__ = ["app"]


@implements(kinds.INSTANT.contract)
def instant(job: Job, errand: Errand) -> int:
    """Be done."""
    with _on_record(job):
        return errand.number


@implements(kinds.WIDE.contract)
def wide(job: Job, errand: Errand) -> int:
    """Be done, if all of the parameters arrived."""
    with _on_record(job):
        if len(errand.padding) != kinds.WIDE.padding:
            raise PermanentError("the parameters came incomplete")
        return errand.number


@implements(kinds.DELAYED.contract)
def delayed(job: Job, errand: Errand) -> int:
    """Be done, at the time given."""
    with _on_record(job):
        return errand.number


@implements(kinds.SLEEPING.contract)
def sleeping(job: Job, errand: Errand) -> int:
    """Take two seconds."""
    with _on_record(job):
        time.sleep(2)
        return errand.number


@implements(kinds.RETRYING.contract)
def retrying(job: Job, errand: Errand) -> int:
    """Fail at the first two starts."""
    with _on_record(job):
        if ledger.count_starts(job.id) <= 2:
            raise RetryableError("not yet")
        return errand.number


@implements(kinds.KEYED.contract)
def keyed(job: Job, errand: Errand) -> int:
    """Take a moment, and fail at the first start."""
    with _on_record(job):
        time.sleep(0.1)
        if ledger.count_starts(job.id) == 1:
            raise RetryableError("not yet")
        return errand.number


@implements(kinds.FAILING.contract)
def failing(job: Job, errand: Errand) -> int:
    """Fail for good."""
    with _on_record(job):
        raise PermanentError("never")


@implements(kinds.EXHAUSTED.contract)
def exhausted(job: Job, errand: Errand) -> int:
    """Fail each time."""
    with _on_record(job):
        raise RetryableError("not yet, and never")


@implements(kinds.POISON.contract)
def poison(job: Job, errand: Errand) -> int:
    """Take the process down, as running out of memory does."""
    with _on_record(job):
        os.kill(os.getpid(), signal.SIGKILL)
        return errand.number


@contextmanager
def _on_record(job: Job) -> Iterator[None]:
    """Both effects: one written at once, one handed over for the transaction of the outcome."""
    claim_id, worker_id = current_task.request.claim_id, current_task.request.worker_id
    row_id = ledger.note_start(job.id, claim_id, worker_id, job.attempt)

    def write_effect(connection: Connection) -> None:
        connection.execute(insert(ledger.effects).values(job_id=job.id, claim_id=claim_id))

    job.record(write_effect)
    try:
        yield
    finally:
        ledger.note_end(row_id)
