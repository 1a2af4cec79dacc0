"""The Celery application, for workers and for clients that send or read through Celery.

The HTTP side does not import this module: it rings with `chalicelib.broker.bell` alone.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from celery import Celery
from kombu import Queue
from kombu.transport import TRANSPORT_ALIASES
from kombu.utils.imports import symbol_by_name

from chalicelib.broker.queues import DEFAULT, QUEUES, WAIT_SECONDS
from chalicelib.errors import SettingsError
from chalicelib.settings import Settings

#: Kombu names of the serializers that settings speak of, and their content types.
_CONTENT = {
    "json": "application/json",
    "yaml": "application/x-yaml",
    "msgpack": "application/x-msgpack",
    "pickle": "application/x-python-serialize",
}


class JobsCelery(Celery):  # type: ignore[misc]  # celery has no types
    """Celery whose every task claims its job, those of other base classes too."""

    def _task_from_fun(self, fun: Any, name: Any = None, base: Any = None, **options: Any) -> Any:
        return super()._task_from_fun(fun, name, self._with_claims(base), **options)

    def register_task(self, task: Any, **options: Any) -> Any:
        """Register a task that was written as a class."""
        made = task() if isinstance(task, type) else task
        made.__class__ = self._with_claims(type(made))
        return super().register_task(made, **options)

    def _with_claims(self, base: type | None) -> type | None:
        ours = symbol_by_name(self.task_cls)
        if base is None or issubclass(base, ours):
            return base
        return type(base.__name__, (base, ours), {"__module__": base.__module__})


def make_app(settings: Settings) -> Celery:
    """The application for these settings.

    `app.send_task(name, kwargs={...})` submits a job, `app.AsyncResult(id).get()` waits for
    its result.
    """
    # By its usual name, so that banner and logs say sqs:// as Celery users expect.
    TRANSPORT_ALIASES["sqs"] = "worker.transport:Transport"
    app = JobsCelery(
        "bellpull", task_cls="worker.tasks.base:JobTask", control="worker.control:JobsControl"
    )
    app.conf.update(celery_configuration(settings))
    return app


def celery_configuration(settings: Settings) -> dict[str, Any]:
    """What `Celery.conf.update` takes for this system.

    A client without this project's code can use the same values less `result_backend`: its
    messages are read here, and these by it.
    """
    return {
        **_broker(settings),
        "result_backend": "worker.result_backend:JobsBackend",
        "task_serializer": "json",
        "result_serializer": "json",
        "accept_content": [_CONTENT[name] for name in settings.serializers],
        "result_accept_content": ["json"],
        "task_default_queue": DEFAULT,
        "task_create_missing_queues": False,
        "task_acks_late": True,
        # The record decides what becomes of a job whose process died, not the message.
        "task_reject_on_worker_lost": False,
        "task_track_started": False,
        "worker_prefetch_multiplier": 1,
        # Each of these makes queues of its own, or expects a broker that SQS is not.
        "worker_enable_remote_control": False,
        "worker_send_task_events": False,
        "broker_connection_retry_on_startup": True,
        "timezone": "UTC",
        "enable_utc": True,
    }


def _broker(settings: Settings) -> dict[str, Any]:
    endpoint = urlsplit(settings.sqs_endpoint_url or "")
    return {
        "broker_url": f"sqs://{endpoint.netloc}",
        "task_queues": [Queue(name, routing_key=name, no_declare=True) for name in QUEUES],
        "broker_transport_options": {
            "region": settings.aws_region,
            "is_secure": endpoint.scheme != "http",
            "predefined_queues": {name: {"url": settings.queue_url(name)} for name in QUEUES},
            "wait_time_seconds": WAIT_SECONDS,
            "polling_interval": 0,
            "queue_weights": _weights(settings),
            "sqs_base64_encoding": False,
            "fetch_message_attributes": ["ApproximateReceiveCount", "SentTimestamp"],
        },
    }


def _weights(settings: Settings) -> dict[str, int]:
    entries = [entry.strip() for entry in settings.queue_weights.split(",") if entry.strip()]
    weights = {queue: int(weight) for queue, _, weight in (each.partition("=") for each in entries)}
    if unknown := sorted(weights.keys() - set(QUEUES)):
        raise SettingsError(
            f"QUEUE_WEIGHTS names {', '.join(unknown)}; the queues are {', '.join(QUEUES)}."
        )
    return weights
