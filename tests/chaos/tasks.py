"""What workers run in a run: `celery -A tests.chaos.tasks worker`."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from celery import current_task
from sqlalchemy import Connection, insert

from chalicelib.broker.contracts import all_contracts
from chalicelib.errors import PermanentError, RetryableError
from tests.chaos import kinds, ledger
from tests.chaos.kinds import Errand
from worker.celery import app
from worker.tasks.base import Job, implements

__all__ = ["app"]

for _kind in (kinds.LIMITED, kinds.SCHEDULED):  # as a contract of the project would be
    all_contracts().setdefault(_kind.contract.name, _kind.contract)


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


@implements(kinds.LIMITED.contract)
def limited(job: Job, errand: Errand) -> int:
    """Take a moment, and fail at the first start."""
    with _on_record(job):
        time.sleep(0.2)
        if ledger.count_starts(job.id) == 1:
            raise RetryableError("not yet")
        return errand.number


@implements(kinds.SCHEDULED.contract)
def scheduled(job: Job, errand: Errand) -> int:
    """Be done."""
    with _on_record(job):
        return errand.number


# --- what canvases are made of --------------------------------------------------------------


@app.task(name="chaos.part", bind=True, max_retries=24)
def part(self: Any, number: int) -> int:
    """Be a part of a chord; one in three fails at its first start."""
    with _on_record(self.request.job):
        if number % 3 == 0 and ledger.count_starts(self.request.id) == 1:
            raise self.retry(countdown=1)
        return number


@app.task(name="chaos.broken", bind=True, max_retries=24)
def broken(self: Any, number: int) -> int:
    """Be a part that fails for good."""
    with _on_record(self.request.job):
        raise PermanentError(f"never {number}")


@app.task(name="chaos.gather", bind=True, max_retries=24)
def gather(self: Any, numbers: list[int]) -> int:
    """Be the body of a chord."""
    with _on_record(self.request.job):
        return sum(numbers)


@app.task(name="chaos.after", bind=True, max_retries=24)
def after(self: Any, total: int) -> int:
    """Be the step after it."""
    with _on_record(self.request.job):
        return total + 1


@app.task(name="chaos.orphan", bind=True, max_retries=24)
def orphan(self: Any, numbers: list[int]) -> int:
    """Be the body of a chord that breaks; never called."""
    with _on_record(self.request.job):
        return sum(numbers)


@app.task(name="chaos.errback", bind=True, max_retries=24)
def errback(self: Any, failed_id: str) -> str:
    """Hear of a body that will not begin."""
    with _on_record(self.request.job):
        return failed_id


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
