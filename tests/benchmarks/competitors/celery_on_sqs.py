"""A Celery application on the bench's SQS, with Celery's defaults or what BENCH_SETTINGS says."""

from __future__ import annotations

import json
import os
from urllib.parse import urlsplit

from celery import Celery


def make_app(name: str, backend: str | None = None) -> Celery:
    """Without BENCH_SETTINGS every setting but the addresses is Celery's default."""
    endpoint = urlsplit(os.environ["SQS_ENDPOINT_URL"])
    chosen = json.loads(os.environ.get("BENCH_SETTINGS", "{}"))
    made = Celery(name, broker=f"sqs://test:test@{endpoint.netloc}", backend=backend)
    made.conf.update(
        {
            "task_default_queue": os.environ["BENCH_QUEUE_URL"].rpartition("/")[2],
            "broker_transport_options": {
                "region": os.environ["AWS_DEFAULT_REGION"],
                "is_secure": False,
                **chosen.pop("broker_transport_options", {}),
            },
            **chosen,
        }
    )
    return made
