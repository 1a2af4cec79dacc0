"""Celery as it comes, on SQS with its own database backend: `celery -A ...stock_celery worker`.

Without BENCH_SETTINGS every setting but the two addresses is Celery's default.
"""

from __future__ import annotations

import json
import os
import time
from urllib.parse import urlsplit

from celery import Celery

_endpoint = urlsplit(os.environ["SQS_ENDPOINT_URL"])
_chosen = json.loads(os.environ.get("BENCH_SETTINGS", "{}"))

app = Celery(
    "stock",
    broker=f"sqs://test:test@{_endpoint.netloc}",
    backend=f"db+{os.environ['DATABASE_URL']}",
)
app.conf.update(
    {
        "task_default_queue": os.environ["BENCH_QUEUE_URL"].rpartition("/")[2],
        "broker_transport_options": {
            "region": os.environ["AWS_DEFAULT_REGION"],
            "is_secure": False,
            **_chosen.pop("broker_transport_options", {}),
        },
        **_chosen,
    }
)


@app.task(name="bench.add")
def add(a: int, b: int) -> int:
    """Return the sum."""
    return a + b


@app.task(name="bench.sleep")
def sleep(seconds: float) -> None:
    """Wait, as for an upstream's answer."""
    time.sleep(seconds)
