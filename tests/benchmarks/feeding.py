"""Rows for jobs and messages for queues, in the form that each library itself would send."""

from __future__ import annotations

import json
import time
import uuid
from base64 import b64encode
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import uuid_utils
from celery import Celery
from kombu.transport.memory import Channel as MemoryChannel

from chalicelib.broker.message import Bell, encode_bell
from infra.local.servers.mariadb import MariaDB
from tests.benchmarks.competitors.two_updates import INSERT, ROW
from tests.benchmarks.lab import PROJECT, Room

T = TypeVar("T")

_ROWS_PER_INSERT = 500


@dataclass(frozen=True)
class Job:
    """One job of the bench."""

    id: str
    task: str
    parameters: dict[str, Any]


#: Finished jobs, two seconds apart, the last one a minute ago: within what retention keeps.
#: Ids have the form of ours and rise with time. The table is MariaDB's own row generator.
_FILL = """
INSERT INTO jobs (id, project_id, task, queue, parameters, state, created_at, run_at, rung_at,
  started_at, finished_at, attempts, max_attempts, worker_id, claim_id, result)
SELECT CONCAT('0190', SUBSTR(h, 1, 4), '-', SUBSTR(h, 5, 4), '-7', SUBSTR(h, 9, 3), '-8',
    SUBSTR(h, 12, 1), '00-', h),
  %s, 'bench.add', 'default', '{"a":40,"b":2}', 'SUCCESS', made, made, made, made,
  TIMESTAMPADD(MICROSECOND, 50000, made), 1, 5, UUID(), UUID(), '42'
FROM (SELECT seq, LPAD(LOWER(HEX(seq)), 12, '0') AS h,
    TIMESTAMPADD(SECOND, 2 * (CAST(seq AS SIGNED) - %s) - 60, UTC_TIMESTAMP(6)) AS made
  FROM seq_1_to_{count}) AS generated ORDER BY seq
"""


Encode = Callable[[str, Sequence[Job]], list[str]]


def make_jobs(count: int, sleep_seconds: float = 0.0) -> list[Job]:
    """Jobs that add; with `sleep_seconds`, jobs that wait so long."""
    if sleep_seconds:
        task, parameters = "bench.sleep", {"seconds": sleep_seconds}
    else:
        task, parameters = "bench.add", {"a": 40, "b": 2}
    return [Job(str(uuid_utils.uuid7()), task, parameters) for _ in range(count)]


def make_clock_job() -> Job:
    """A job whose result is when it began."""
    return Job(str(uuid_utils.uuid7()), "bench.clock", {})


def insert_rows(server: MariaDB, room: Room, jobs: Sequence[Job]) -> None:
    """Write the jobs' rows: PENDING, rung."""
    with server.cursor(room.database) as cursor:
        for some in tens(jobs, _ROWS_PER_INSERT):
            values: list[Any] = []
            for job in some:
                values += (job.id, PROJECT, job.task, "default", json.dumps(job.parameters))
            cursor.execute(INSERT + ", ".join([ROW] * len(some)), values)


def insert_finished(server: MariaDB, room: Room, count: int) -> None:
    """Write rows of jobs that ended before."""
    with server.cursor(room.database) as cursor:
        cursor.execute(_FILL.replace("{count}", str(count)), (PROJECT, count))
        cursor.execute("ANALYZE TABLE jobs")


def send(sqs: Any, room: Room, bodies: Sequence[str]) -> None:
    """Put messages into the room's queue, ten a call."""
    for batch in tens(bodies, 10):
        entries = [{"Id": str(number), "MessageBody": body} for number, body in enumerate(batch)]
        answer = sqs.send_message_batch(QueueUrl=room.queue_url, Entries=entries)
        if answer.get("Failed"):
            raise RuntimeError(f"messages were refused: {answer['Failed']}")


def tens(items: Sequence[T], size: int) -> Iterator[Sequence[T]]:
    """The items in slices of `size`."""
    for start in range(0, len(items), size):
        yield items[start : start + size]


# --- One function a library ----------------------------------------------------------------------


def encode_ours(queue: str, jobs: Sequence[Job]) -> list[str]:
    """As the API rings."""
    return [
        encode_bell(
            Bell(
                job_id=job.id,
                task=job.task,
                queue="default",
                project_id=PROJECT,
                parameters=job.parameters,
            )
        )
        for job in jobs
    ]


def encode_raw(queue: str, jobs: Sequence[Job]) -> list[str]:
    """As the raw handler sends."""
    return [json.dumps({"id": j.id, "task": j.task, "parameters": j.parameters}) for j in jobs]


def encode_celery(queue: str, jobs: Sequence[Job]) -> list[str]:
    """As `send_task` sends to SQS by default, written by Celery itself through memory."""
    app = Celery("feeder", broker="memory://")
    app.conf.task_default_queue = queue
    for job in jobs:
        app.send_task(job.task, kwargs=job.parameters, task_id=job.id)
    sent = MemoryChannel.queues.pop(queue)
    return [b64encode(json.dumps(sent.get()).encode()).decode() for _ in jobs]


def encode_dramatiq(queue: str, jobs: Sequence[Job]) -> list[str]:
    """As `actor.send` does: dramatiq.Message, of which dramatiq_sqs makes base64."""
    return [
        b64encode(
            json.dumps(
                {
                    "queue_name": queue,
                    "actor_name": job.task,
                    "args": [],
                    "kwargs": {"job_id": job.id, **job.parameters},
                    "options": {},
                    "message_id": str(uuid.uuid4()),
                    "message_timestamp": int(time.time() * 1000),
                }
            ).encode()
        ).decode()
        for job in jobs
    ]


def encode_taskiq(queue: str, jobs: Sequence[Job]) -> list[str]:
    """As `task.kiq` does: a TaskiqMessage."""
    return [
        json.dumps(
            {
                "task_id": uuid.uuid4().hex,
                "task_name": job.task,
                "labels": {},
                "labels_types": {},
                "args": [],
                "kwargs": {"job_id": job.id, **job.parameters},
            }
        )
        for job in jobs
    ]
