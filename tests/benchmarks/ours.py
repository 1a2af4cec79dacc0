"""Bellpull's worker with the bench's tasks: `celery -A tests.benchmarks.ours worker`."""

from __future__ import annotations

import time

from tests.benchmarks.contracts.benchmark import ADD, CLOCK, SLEEP, Add, Clock, Sleep
from worker.celery import app
from worker.tasks.base import Job, implements

__all__ = ["app"]


@implements(ADD)
def add(job: Job, parameters: Add) -> int:
    """Return the sum."""
    return parameters.a + parameters.b


@implements(SLEEP)
def sleep(job: Job, parameters: Sleep) -> None:
    """Wait, as for an upstream's answer."""
    time.sleep(parameters.seconds)


@implements(CLOCK)
def clock(job: Job, parameters: Clock) -> float:
    """Return when the job's own code began."""
    return time.time()
