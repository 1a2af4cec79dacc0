"""What Celery's canvas has follow a job, written in the transaction of the job's success."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msgspec
from celery.canvas import maybe_signature
from kombu.utils import json as kombu_json
from sqlalchemy import Connection

from chalicelib.broker.message import Bell
from chalicelib.services.canvas import write_sent
from chalicelib.services.chords import count_part
from worker.sending import collecting

if TYPE_CHECKING:
    from worker.tasks.base import JobTask


class Sequel:
    """The callbacks, the rest of the chain and the chord of a job that returned `value`."""

    def __init__(self, task: JobTask, value: Any) -> None:
        self._app, self._request = task.app, task.request
        self._value = msgspec.to_builtins(value) if isinstance(value, msgspec.Struct) else value
        self._callbacks = list(task.request.callbacks or ())
        self._chain = list(task.request.chain or ())
        #: To ring after the commit.
        self.bells: list[Bell] = []
        # Celery would send them after the task has returned, and lose them with the process.
        task.request.callbacks = task.request.chain = None

    def __bool__(self) -> bool:
        return bool(self._callbacks or self._chain or self._request.chord)

    def write(self, connection: Connection) -> None:
        """Write the jobs that follow: an effect of the success; may be repeated."""
        self.bells = []
        with collecting() as sent:
            self._send_next()
        self.bells += write_sent(connection, sent)
        if self._request.chord and self._request.group:
            self._finish_part(connection)

    def _send_next(self) -> None:
        request = self._request
        origin = {"parent_id": request.id, "root_id": request.root_id or request.id}
        for callback in self._callbacks:
            maybe_signature(callback, app=self._app).apply_async((self._value,), **origin)
        if self._chain:
            *rest, following = self._chain
            step = maybe_signature(following, app=self._app)
            step.apply_async((self._value,), chain=rest, **origin)

    def _finish_part(self, connection: Connection) -> None:
        results = count_part(connection, self._request.group)
        if results is None:
            return
        values = [None if text is None else kombu_json.loads(text) for text in results]
        with collecting() as sent:
            maybe_signature(self._request.chord, app=self._app).apply_async(
                (values,), parent_id=self._request.id
            )
        self.bells += write_sent(connection, sent)
