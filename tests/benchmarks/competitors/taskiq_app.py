"""Taskiq on SQS, with the two UPDATEs of a job: `taskiq worker ...taskiq_app:broker`."""

from __future__ import annotations

import asyncio
import os
from typing import Any

import asyncmy
from taskiq import TaskiqEvents, TaskiqState
from taskiq_aio_sqs import SQSBroker

from tests.benchmarks.competitors.two_updates import (
    CLAIM,
    OUTCOME,
    claim_values,
    connection_options,
    outcome_values,
)

broker = SQSBroker(
    os.environ["BENCH_QUEUE_URL"].rpartition("/")[2],
    endpoint_url=os.environ["SQS_ENDPOINT_URL"],
    max_number_of_messages=10,
    wait_time_seconds=20,
    enable_batching=True,
)
_state: dict[str, Any] = {}


@broker.on_event(TaskiqEvents.WORKER_STARTUP)
async def connect(state: TaskiqState) -> None:
    """Open this process's pool of connections."""
    size = int(os.environ["BENCH_CONNECTIONS"])
    _state["pool"] = await asyncmy.create_pool(minsize=1, maxsize=size, **connection_options())


@broker.task(task_name="bench.add")
async def add(job_id: str, a: int, b: int) -> None:
    """Claim, add, record."""
    async with _state["pool"].acquire() as connection, connection.cursor() as cursor:
        values = claim_values(job_id)
        if await cursor.execute(CLAIM, values) == 1:
            await cursor.execute(OUTCOME, outcome_values(job_id, values[1], a + b))


@broker.task(task_name="bench.sleep")
async def sleep(job_id: str, seconds: float) -> None:
    """Claim, wait, record."""
    async with _state["pool"].acquire() as connection, connection.cursor() as cursor:
        values = claim_values(job_id)
        if await cursor.execute(CLAIM, values) == 1:
            await asyncio.sleep(seconds)
            await cursor.execute(OUTCOME, outcome_values(job_id, values[1], None))
