"""Drives a fleet of real worker processes on one database and one SQS."""

from __future__ import annotations

import argparse
import os
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
import msgspec
import pytest
from celery import Celery
from sqlalchemy import Row, select

from chalicelib.broker.bell import MAX_DELAY_SECONDS
from chalicelib.broker.contracts import TaskContract
from chalicelib.broker.message import encode_bell
from chalicelib.broker.queues import DEFAULT, QUEUES, dead_letter_queue
from chalicelib.broker.sqs import get_sqs
from chalicelib.db.engine import connect, get_engine, in_transaction, make_engine
from chalicelib.db.tables import attempts, jobs, workers
from chalicelib.services.job_lifecycle import make_bell
from chalicelib.services.jobs import NewJob, insert_job
from chalicelib.settings import get_settings
from infra.local.servers.process import GuardedProcess
from tests.databases import as_owner
from tests.e2e.ledger import ledger, metadata
from tests.e2e.worker_process import Worker, wait_until
from worker import process
from worker.commands import queues as queues_command
from worker.result_backend import JobsBackend

FOLDER = Path(__file__).parents[2]
PROJECT = "demo"


class Fleet:
    """Workers, their queues and their database; queue names are its own."""

    def __init__(
        self, folder: Path, sqs_url: str, database_url: str, **environment: object
    ) -> None:
        self._folder = folder
        self._prefix = f"e2e-{uuid.uuid4().hex[:8]}-"
        self.workers: list[Worker] = []
        self.upstream_path = folder / "upstream.db"
        self.sqs_url = sqs_url
        self.sqs = boto3.client("sqs", endpoint_url=sqs_url, region_name="us-east-1")
        self.environment = {
            "DATABASE_URL": database_url,
            "SQS_ENDPOINT_URL": sqs_url,
            "SQS_QUEUE_URL": f"{sqs_url}/123456789012/{self._prefix}{{queue}}",
            "UPSTREAM": "memory",
            "UPSTREAM_MEMORY_PATH": str(self.upstream_path),
            "BEAT_SECONDS": "0.5",
            "LEASE_SECONDS": "3",
            "SHUTDOWN_GRACE_SECONDS": "4",
            "CANCEL_GRACE_SECONDS": "2",
            "PYTHONUNBUFFERED": "1",
            "E2E_BEGUN": str(folder),
        } | {name: str(value) for name, value in environment.items()}
        self.engine = make_engine(database_url, pool_size=2)
        owner = as_owner(self.engine)
        metadata.create_all(owner)
        owner.dispose()
        with self.activated():
            queues_command.run(argparse.Namespace())
        for queue in QUEUES:
            self.sqs.set_queue_attributes(
                QueueUrl=self.queue_url(queue), Attributes={"VisibilityTimeout": "6"}
            )

    # --- workers ---------------------------------------------------------------------------

    def start_worker(
        self,
        *options: str,
        app: str = "tests.e2e.tasks_app",
        concurrency: int = 2,
        is_awaited: bool = True,
        **environment: object,
    ) -> Worker:
        """Start a worker; returns when it is ready."""
        log = self._folder / f"worker-{len(self.workers)}.log"
        command = [sys.executable, "-m", "celery", "-A", app, "worker", "-l", "info"]
        extra = {name: str(value) for name, value in environment.items()}
        guarded = GuardedProcess(
            [*command, "-c", str(concurrency), *options],
            log,
            environment={**os.environ, **self.environment, **extra},
            folder=FOLDER,
        )
        worker = Worker(guarded, log)
        self.workers.append(worker)
        if is_awaited:
            worker.wait_for_line("ready.", 60)
        return worker

    def close(self) -> None:
        """Kill what runs, and forget the connections."""
        for worker in self.workers:
            worker.kill()
        self.engine.dispose()

    # --- jobs ------------------------------------------------------------------------------

    def submit(
        self,
        contract: TaskContract,
        parameters: msgspec.Struct,
        *,
        delay_seconds: float = 0,
        key: str | None = None,
        is_rung: bool = True,
    ) -> str:
        """Insert a job and ring its bell; returns its id."""
        new = NewJob(contract=contract, parameters=parameters, delay_seconds=delay_seconds, key=key)
        bell = in_transaction(self.engine, lambda connection: insert_job(connection, PROJECT, new))
        if is_rung and bell.delay_seconds <= MAX_DELAY_SECONDS:
            self.send(encode_bell(bell), bell.queue, delay_seconds=bell.delay_seconds)
        return bell.job_id

    def ring_again(self, job_id: str, times: int = 1) -> None:
        """Send more messages for a job, as SQS may by itself."""
        row = self.job(job_id)
        for _ in range(times):
            self.send(encode_bell(make_bell(row, attempts=row.attempts)), row.queue)

    def job(self, job_id: str) -> Row[Any]:
        """The row of a job."""
        with connect(self.engine) as connection:
            return connection.execute(select(jobs).where(jobs.c.id == job_id)).one()

    def find_job(self, job_id: str) -> Row[Any] | None:
        """The row of a job, None if there is none."""
        with connect(self.engine) as connection:
            return connection.execute(select(jobs).where(jobs.c.id == job_id)).one_or_none()

    def wait_for_state(self, job_id: str, *states: str, seconds: float = 20) -> Row[Any]:
        """Wait until a job is in one of the states; returns its row."""

        def is_there() -> bool:
            row = self.find_job(job_id)
            return row is not None and row.state in states

        wait_until(is_there, seconds, lambda: self._story(job_id))
        return self.job(job_id)

    def has_begun(self, job_id: str) -> bool:
        """Whether a process of a pool is at a SLEEP, or was; it is STARTED a moment before."""
        return Path(self._folder, job_id).exists()

    def wait_until_begun(self, job_id: str, seconds: float = 20) -> None:
        """Wait for that."""
        wait_until(lambda: self.has_begun(job_id), seconds)

    def attempts(self, job_id: str) -> list[Row[Any]]:
        """The attempts at a job that did not succeed, oldest first."""
        with connect(self.engine) as connection:
            query = select(attempts).where(attempts.c.job_id == job_id)
            return list(connection.execute(query.order_by(attempts.c.ended_at)))

    def outcomes(self, job_id: str) -> list[str]:
        """How those attempts ended."""
        return [row.outcome for row in self.attempts(job_id)]

    def notes(self, job_id: str) -> list[str]:
        """What test tasks wrote in the ledger about a job, oldest first."""
        return [row.text for row in self.ledger(job_id)]

    def ledger(self, job_id: str) -> list[Row[Any]]:
        """The lines of the ledger about a job."""
        with connect(self.engine) as connection:
            query = select(ledger).where(ledger.c.job_id == job_id).order_by(ledger.c.id)
            return list(connection.execute(query))

    def wait_for_note(self, job_id: str, text: str, seconds: float = 20) -> None:
        """Wait until a task wrote `text`."""
        wait_until(lambda: text in self.notes(job_id), seconds, lambda: self._story(job_id))

    def list_workers(self) -> list[Row[Any]]:
        """The rows of registered workers."""
        with connect(self.engine) as connection:
            return list(connection.execute(select(workers)))

    # --- messages --------------------------------------------------------------------------

    def send(self, body: str, queue: str = DEFAULT, *, delay_seconds: int = 0) -> None:
        """Send any text to a queue."""
        url = self.queue_url(queue)
        self.sqs.send_message(QueueUrl=url, MessageBody=body, DelaySeconds=delay_seconds)

    def foreign_app(self, **options: Any) -> Celery:
        """A stock Celery client that knows the queues and nothing of our code."""
        client = Celery("foreign", set_as_current=False)
        client.conf.update(
            broker_transport="kombu.transport.SQS:Transport",
            broker_url=f"sqs://test:test@{self.sqs_url.removeprefix('http://')}",
            broker_transport_options={
                "region": "us-east-1",
                "is_secure": False,
                "predefined_queues": {q: {"url": self.queue_url(q)} for q in QUEUES},
            },
            task_default_queue=DEFAULT,
            **options,
        )
        return client

    def read_result(self, job_id: str) -> Any:
        """`AsyncResult` of a client that has our settings."""
        client = Celery("reader", set_as_current=False)
        return client.AsyncResult(job_id, backend=_backend(client))

    def queue_url(self, queue: str) -> str:
        return self.environment["SQS_QUEUE_URL"].replace("{queue}", queue)

    def count_messages(self, queue: str) -> int:
        """Messages in a queue: visible, in flight, delayed."""
        names = [
            "ApproximateNumberOfMessages",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesDelayed",
        ]
        answer = self.sqs.get_queue_attributes(QueueUrl=self.queue_url(queue), AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)

    def count_visible(self, queue: str) -> int:
        """Messages in a queue that a receive would bring."""
        name = "ApproximateNumberOfMessages"
        url = self.queue_url(queue)
        answer = self.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=[name])
        return int(answer["Attributes"][name])

    def wait_until_queues_empty(self, seconds: float = 10) -> None:
        """Every message is deleted."""
        wait_until(
            lambda: not any(self.count_messages(queue) for queue in QUEUES),
            seconds,
            lambda: f"messages left: {[(q, self.count_messages(q)) for q in QUEUES]}",
        )

    def take_dead_letters(self, count: int, queue: str = DEFAULT, seconds: float = 10) -> Any:
        """Take `count` (body, reason) pairs out of the dead-letter queue."""
        url, taken = self.queue_url(dead_letter_queue(queue)), []

        def take() -> bool:
            answer = self.sqs.receive_message(
                QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
            )
            for message in answer.get("Messages", []):
                words = message.get("MessageAttributes", {}).get("bellpull.reason", {})
                taken.append((message["Body"], words.get("StringValue", "")))
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
            return len(taken) >= count

        wait_until(take, seconds, lambda: f"{len(taken)} of {count} dead letters: {taken!r:.2000}")
        return taken

    # --- the process of the test -----------------------------------------------------------

    @contextmanager
    def activated(self) -> Iterator[None]:
        """Code of the project that runs in the test's own process uses this fleet's settings."""
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self.environment.items():
                patch.setenv(name, value)
            _forget()
            try:
                yield
            finally:
                if get_engine.cache_info().currsize:
                    get_engine().dispose()
                _forget()

    def _story(self, job_id: str) -> str:
        row = self.find_job(job_id)
        said = "\n".join(worker.text[-5000:] for worker in self.workers[-3:])
        return f"job {row}\nledger {self.notes(job_id)}\n{self.attempts(job_id)}\n{said}"


def _backend(client: Celery) -> Any:
    return JobsBackend(app=client)


def _forget() -> None:
    get_settings.cache_clear()
    get_sqs.cache_clear()
    get_engine.cache_clear()
    process._engine_of.cache_clear()
