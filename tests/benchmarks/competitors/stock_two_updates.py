"""Celery on SQS with the two UPDATEs of a job: `celery -A ...stock_two_updates worker`.

It ignores results and acknowledges late, as Bellpull does: the job's row is its result.
"""

from __future__ import annotations

import threading
from typing import Any

import pymysql

from tests.benchmarks.competitors.celery_on_sqs import make_app
from tests.benchmarks.competitors.two_updates import (
    CLAIM,
    OUTCOME,
    claim_values,
    connection_options,
    outcome_values,
)

app = make_app("stock_two_updates")
app.conf.update(task_ignore_result=True, task_acks_late=True)

_connections = threading.local()


def _cursor() -> Any:
    """One connection a process, or a thread of one, kept."""
    if not hasattr(_connections, "cursor"):
        _connections.cursor = pymysql.connect(**connection_options()).cursor()
    return _connections.cursor


@app.task(name="bench.add", bind=True)
def add(self: Any, a: int, b: int) -> None:
    """Claim, add, record."""
    values = claim_values(self.request.id)
    if _cursor().execute(CLAIM, values) == 1:
        _cursor().execute(OUTCOME, outcome_values(self.request.id, values[1], a + b))
