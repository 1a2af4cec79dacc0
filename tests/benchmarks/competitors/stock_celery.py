"""Celery as it comes, on SQS with its own database backend: `celery -A ...stock_celery worker`."""

from __future__ import annotations

import os
import time

from tests.benchmarks.competitors.celery_on_sqs import make_app

app = make_app("stock", backend=f"db+{os.environ['DATABASE_URL']}")


@app.task(name="bench.add")
def add(a: int, b: int) -> int:
    """Return the sum."""
    return a + b


@app.task(name="bench.sleep")
def sleep(seconds: float) -> None:
    """Wait, as for an upstream's answer."""
    time.sleep(seconds)
