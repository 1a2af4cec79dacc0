"""Enqueueing by hand: one job by a Lambda handler, and many at once."""

from __future__ import annotations

import json
import os
import uuid
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from typing import Any

import boto3
import pymysql

from tests.benchmarks.competitors.two_updates import INSERT, ROW, connection_options

PROJECT = "bench"
_ROWS_PER_INSERT = 500
#: From so many batches on, so many threads send them: as Bellpull does.
_MANY_BATCHES, _AT_ONCE = 20, 4


@lru_cache(maxsize=1)
def _sqs() -> Any:
    return boto3.client("sqs", endpoint_url=os.environ["SQS_ENDPOINT_URL"])


@lru_cache(maxsize=1)
def _cursor() -> Any:
    return pymysql.connect(**connection_options()).cursor()


def handle(event: dict[str, Any], context: Any) -> dict[str, Any]:
    """Parse, one INSERT, one SendMessage, 202."""
    asked = json.loads(event["body"])
    job_id, task, parameters = str(uuid.uuid4()), asked["task"], asked["parameters"]
    values = (job_id, PROJECT, task, "default", json.dumps(parameters))
    _cursor().execute(INSERT + ROW, values)
    body = json.dumps({"id": job_id, "task": task, "parameters": parameters})
    _sqs().send_message(QueueUrl=os.environ["BENCH_QUEUE_URL"], MessageBody=body)
    return {
        "statusCode": 202,
        "headers": {"Content-Type": "application/json", "Location": f"/jobs/{job_id}"},
        "body": json.dumps({"id": job_id}),
    }


def enqueue_many(count: int, task: str, parameters: dict[str, Any]) -> None:
    """INSERT of many rows, SendMessageBatch of ten; of many, four at once."""
    ids = [str(uuid.uuid4()) for _ in range(count)]
    for start in range(0, count, _ROWS_PER_INSERT):
        some = ids[start : start + _ROWS_PER_INSERT]
        values: list[str] = []
        for job_id in some:
            values += (job_id, PROJECT, task, "default", json.dumps(parameters))
        _cursor().execute(INSERT + ", ".join([ROW] * len(some)), values)
    batches = [ids[start : start + 10] for start in range(0, count, 10)]
    sqs = _sqs()

    def send(batch: Sequence[str]) -> None:
        entries = [
            {
                "Id": str(number),
                "MessageBody": json.dumps({"id": job_id, "task": task, "parameters": parameters}),
            }
            for number, job_id in enumerate(batch)
        ]
        sqs.send_message_batch(QueueUrl=os.environ["BENCH_QUEUE_URL"], Entries=entries)

    with ThreadPoolExecutor(_AT_ONCE if len(batches) >= _MANY_BATCHES else 1) as pool:
        list(pool.map(send, batches))
