"""Bellpull's worker with the bench's two tasks: `celery -A tests.benchmarks.ours worker`."""

from __future__ import annotations

import time

from tests.benchmarks.contracts.benchmark import ADD, SLEEP, Add, Sleep
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
