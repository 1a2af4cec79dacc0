"""The least that can be written by hand: `python -m ...raw_loop PROCESSES`.

Each process: receive ten, for each message claim, work, record, then delete the ten at once.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import sys
import time
from typing import Any

import boto3
import pymysql

from tests.benchmarks.competitors.two_updates import (
    CLAIM,
    OUTCOME,
    claim_values,
    connection_options,
    outcome_values,
)


def add(a: int, b: int) -> int:
    """Return the sum."""
    return a + b


def sleep(seconds: float) -> None:
    """Wait, as for an upstream's answer."""
    time.sleep(seconds)


def clock() -> float:
    """Return when the job's own code began."""
    return time.time()


TASKS: dict[str, Any] = {"bench.add": add, "bench.sleep": sleep, "bench.clock": clock}


def work() -> None:
    """Serve the queue for ever."""
    sqs = boto3.client("sqs", endpoint_url=os.environ["SQS_ENDPOINT_URL"])
    url = os.environ["BENCH_QUEUE_URL"]
    cursor = pymysql.connect(**connection_options()).cursor()
    while True:
        received = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, WaitTimeSeconds=20)
        messages = received.get("Messages", [])
        for message in messages:
            run(cursor, json.loads(message["Body"]))
        if messages:
            entries = [
                {"Id": str(number), "ReceiptHandle": message["ReceiptHandle"]}
                for number, message in enumerate(messages)
            ]
            sqs.delete_message_batch(QueueUrl=url, Entries=entries)


def run(cursor: Any, job: dict[str, Any]) -> None:
    """Claim a job, do it, record its result."""
    values = claim_values(job["id"])
    if cursor.execute(CLAIM, values) == 1:
        result = TASKS[job["task"]](**job["parameters"])
        cursor.execute(OUTCOME, outcome_values(job["id"], values[1], result))


if __name__ == "__main__":
    fleet = [multiprocessing.Process(target=work) for _ in range(int(sys.argv[1]))]
    for process in fleet:
        process.start()
    for process in fleet:
        process.join()
