"""Celery's consumer, for which a message that cannot be worked on is buried with its reason."""

from __future__ import annotations

import logging
from typing import Any

from celery.platforms import EX_FAILURE
from celery.signals import worker_shutting_down
from celery.worker.consumer import Consumer

from chalicelib.broker.message import BELL_HEADER
from chalicelib.domain.ids import is_job_id
from worker.desk import Desk
from worker.loop import LoopCalls

logger = logging.getLogger(__name__)

#: The longest words of an error that are logged; they may quote what the sender wrote.
_CHARACTERS = 300


class JobConsumer(Consumer):  # type: ignore[misc]  # celery has no types
    """Sends jobs to the desk, where Celery sends them to the pool at once.

    Celery deletes what it cannot decode, and logs whole bodies, which may hold secrets.
    """

    desk: Desk | None = None

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.hub is not None:  # else the pool is of greenlets: each task claims its own job
            self.desk = Desk(self.pool, LoopCalls(self.hub), self._count_ahead)
            self.on_task_request = self.desk.take

    def on_close(self) -> None:
        """The connection ends: the pool drops what it has not begun, and so does the desk."""
        gone = []
        if self.desk is not None:
            gone = self.desk.give_back() + self.desk.forget_unbegun()
        super().on_close()
        tags = {request.message.delivery_tag for request in gone}
        if gone:
            gone[0].message.channel.give_back(tags.__contains__)

    def cancel_active_requests(self) -> None:
        """Celery's cold shutdown breaks jobs off, and says so after that: here before it.

        Then their worker releases them, and ends.
        """
        worker_shutting_down.send(
            sender=self.hostname, sig="SIGQUIT", how="Cold", exitcode=EX_FAILURE
        )
        super().cancel_active_requests()

    def _count_ahead(self) -> int:
        """As many jobs as end in a third of a second: none, beside long ones."""
        consumer = self.task_consumer
        return 0 if consumer is None else int(consumer.channel.qos.reserve()) // 3

    def on_decode_error(self, message: Any, exc: Exception) -> None:
        """Its body is not what its content type says."""
        self._refuse(message, f"it cannot be decoded: {exc}")

    def on_unknown_message(self, body: Any, message: Any) -> None:
        """Its headers are those of no Celery message."""
        _bury(message, "it names no task")

    def on_unknown_task(self, body: Any, message: Any, exc: Exception) -> None:
        """No module of this worker has its task.

        A bell of ours is spent without burying it: its job has a row, and is rung again for a
        worker that knows the task, as during a deploy. What a stranger sent has nothing else.
        """
        if BELL_HEADER in (message.headers or {}):
            logger.error("job waits for a worker that knows its task: %s", exc)
            message.ack()
        else:
            _bury(message, f"there is no task {exc}")

    def on_invalid_task(self, body: Any, message: Any, exc: Exception) -> None:
        """Something in it has the wrong type, or its content type is not accepted."""
        self._refuse(message, f"it cannot be worked on: {exc}")

    def _refuse(self, message: Any, reason: str) -> None:
        """End the job of a bell of ours, which would be rung again and again; bury the rest."""
        headers = message.headers or {}
        is_ours = BELL_HEADER in headers and is_job_id(headers.get("id"))
        if self.desk is not None and is_ours:
            self.desk.refuse(message, reason[:_CHARACTERS])
        else:
            _bury(message, reason)


def _bury(message: Any, reason: str) -> None:
    message.channel.bury(message.delivery_tag, reason[:_CHARACTERS])
