"""What a worker sends through Celery becomes jobs with rows, whose bells are rung.

`task.delay()` inside a task, and what a chain, a link or a chord lead to, pass through here:
Celery's own sender would put a message on SQS that is lost when the worker dies.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import msgspec
from celery import current_task
from celery.app.amqp import AMQP
from kombu.utils import json as kombu_json

from chalicelib.broker.queues import QUEUES
from chalicelib.db.clock import now
from chalicelib.db.engine import in_transaction
from chalicelib.domain.ids import is_project_id
from chalicelib.services.canvas import Sent, write_sent
from chalicelib.services.jobs import ring_committed
from chalicelib.services.upstreams import upstream_of
from chalicelib.tracing import trace_columns
from worker import process
from worker.screening import parse_eta
from worker.tasks.claiming import FOREIGN_PROJECT, most_attempts

logger = logging.getLogger(__name__)

#: Headers that the job's own columns hold, or that are for logs.
_NOT_KEPT = frozenset({"task", "id", "eta", "retries", "project_id", "argsrepr", "kwargsrepr"})

#: Where what is sent is collected, for it to be written with an outcome.
_collected: ContextVar[Sent | None] = ContextVar("collected", default=None)


class JobsAMQP(AMQP):  # type: ignore[misc]  # celery has no types
    """Celery's messages, sent as jobs."""

    def _create_task_sender(self) -> Callable[..., Any]:
        send = super()._create_task_sender()

        def send_as_job(producer: Any, name: str, message: Any, **options: Any) -> Any:
            queue = _queue_name(options) or self.app.conf.task_default_queue
            if queue not in QUEUES:
                return send(producer, name, message, **options)
            headers, properties, body, _ = message
            headers = {**headers, **(options.get("headers") or {})}
            values = self._values(name, queue, headers, body)
            submit(Sent(jobs={headers["id"]: values}))
            return properties

        return send_as_job

    def _values(self, name: str, queue: str, headers: dict[str, Any], body: Any) -> dict[str, Any]:
        args, kwargs, embed = body
        kept = {key: value for key, value in headers.items() if key not in _NOT_KEPT}
        message = {"args": list(args or ()), "embed": embed or {}, "headers": kept}
        task = self.app.tasks.get(name)
        run_at, project_id = parse_eta(headers.get("eta")), _project(headers)
        return {
            "project_id": project_id,
            "task": name,
            "queue": queue,
            "parameters": msgspec.Raw(kombu_json.dumps(kwargs or {}).encode()),
            "message": msgspec.Raw(kombu_json.dumps(message).encode()),
            "max_attempts": most_attempts(task),
            "run_at": now() if run_at is None else run_at,
            "parent_id": headers.get("parent_id"),
            "upstream": upstream_of(getattr(task, "contract", None), project_id),
            **trace_columns(),
        }


def submit(sent: Sent) -> None:
    """Write what is sent and ring; or keep it, while something collects it."""
    collecting_into = _collected.get()
    if collecting_into is not None:
        collecting_into.add(sent)
        return
    engine = process.engine()
    bells = in_transaction(engine, lambda connection: write_sent(connection, sent))
    ring_committed(engine, bells)


@contextmanager
def collecting() -> Iterator[Sent]:
    """While this lasts nothing is written of what is sent."""
    sent = Sent()
    reset = _collected.set(sent)
    try:
        yield sent
    finally:
        _collected.reset(reset)


def _queue_name(options: dict[str, Any]) -> str | None:
    queue = options.get("queue")
    return queue if queue is None or isinstance(queue, str) else str(queue.name)


def _project(headers: dict[str, Any]) -> str:
    """The project of the job that sends, unless the message names one."""
    named = headers.get("project_id")
    if not is_project_id(named):
        request = getattr(current_task, "request", None) if current_task else None
        named = getattr(request, "project_id", None)
    return str(named) if is_project_id(named) else FOREIGN_PROJECT
