"""Dramatiq on SQS, with the two UPDATEs of a job: `dramatiq ...dramatiq_app`."""

from __future__ import annotations

import os
import threading
import time
from typing import Any

import dramatiq
import pymysql
from botocore.config import Config
from dramatiq_sqs import SQSBroker

from tests.benchmarks.competitors.two_updates import (
    CLAIM,
    OUTCOME,
    claim_values,
    connection_options,
    outcome_values,
)

# The queue is there already, so nothing is created; what is not named is the default. boto3's
# own ten connections are too few for sixteen threads, each of which deletes its messages.
_config = Config(max_pool_connections=int(os.environ["BENCH_CONNECTIONS"]))
dramatiq.set_broker(SQSBroker(endpoint_url=os.environ["SQS_ENDPOINT_URL"], config=_config))
QUEUE = os.environ["BENCH_QUEUE_URL"].rpartition("/")[2]

_connections = threading.local()


def _cursor() -> Any:
    """One connection a thread, kept."""
    if not hasattr(_connections, "cursor"):
        _connections.cursor = pymysql.connect(**connection_options()).cursor()
    return _connections.cursor


@dramatiq.actor(actor_name="bench.add", queue_name=QUEUE)
def add(job_id: str, a: int, b: int) -> None:
    """Claim, add, record."""
    values = claim_values(job_id)
    if _cursor().execute(CLAIM, values) == 1:
        _cursor().execute(OUTCOME, outcome_values(job_id, values[1], a + b))


@dramatiq.actor(actor_name="bench.sleep", queue_name=QUEUE)
def sleep(job_id: str, seconds: float) -> None:
    """Claim, wait, record."""
    values = claim_values(job_id)
    if _cursor().execute(CLAIM, values) == 1:
        time.sleep(seconds)
        _cursor().execute(OUTCOME, outcome_values(job_id, values[1], None))
