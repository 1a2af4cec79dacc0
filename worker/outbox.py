"""What a worker has to tell SQS about messages, sent ten at a time by a thread of its own."""

from __future__ import annotations

import logging
import math
import queue as stdlib_queue
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from chalicelib.broker.queues import dead_letter_queue
from chalicelib.broker.sending import get_sender
from chalicelib.settings import get_settings

logger = logging.getLogger(__name__)

#: The most entries of one batch call, and how long the first of them waits for more.
_BATCH = 10
_LINGER_SECONDS = 0.1
#: Tries per batch. A delete that never succeeds costs one more delivery of a spent bell.
_TRIES = 4
#: The longest reason; errors may quote what the sender wrote.
_REASON_CHARACTERS = 500
#: The most that SQS takes, body and attributes together.
_MESSAGE_BYTES = 1_048_576


class _Order:
    """One thing to tell: which call, about which message of which queue."""

    def __init__(self, kind: str, url: str, queue: str, handle: str, value: Any = None) -> None:
        self.key = (kind, url, queue)
        self.handle = handle
        self.value = value


class Outbox:
    """Collects deletes and changes of visibility; starts its thread when first needed.

    The thread wakes for the first order and then for a batch: each time costs the event loop a
    turn at the interpreter. Nothing here holds a lock for more than the begin of a thread, for
    who leaves in a signal's handler may stand in the middle of it.
    """

    def __init__(self) -> None:
        self._orders: deque[_Order] = deque()
        #: How many orders the thread waits for.
        self._wanted: float = math.inf
        self._wake: stdlib_queue.SimpleQueue[None] = stdlib_queue.SimpleQueue()
        self._is_closed = False
        self._thread: threading.Thread | None = None
        self._lock = threading.RLock()

    def delete(self, url: str, queue: str, handle: str) -> None:
        """Delete a message whose outcome is recorded."""
        self._put(_Order("delete", url, queue, handle))

    def put_back(self, url: str, queue: str, handles: list[str], seconds: int) -> None:
        """Make messages visible again in `seconds`."""
        for handle in handles:
            self._put(_Order("change", url, queue, handle, seconds))

    def bury(self, url: str, queue: str, message: dict[str, Any], reason: str) -> None:
        """Move a message to the dead-letter queue, with the reason as an attribute."""
        message_id, reason = message.get("MessageId"), reason[:_REASON_CHARACTERS]
        logger.error(
            "message sent to the dead-letter queue: queue=%s message_id=%s reason=%s",
            queue,
            message_id,
            reason,
        )
        self._put(_Order("bury", url, queue, message["ReceiptHandle"], (message["Body"], reason)))

    def close(self, timeout_seconds: float = 10.0) -> None:
        """Send what was collected, what is put meanwhile too, and end the thread."""
        until = time.monotonic() + timeout_seconds
        while (thread := self._thread) is not None and thread.is_alive():
            self._is_closed = True
            self._wake.put(None)
            thread.join(max(0.0, until - time.monotonic()))
            if thread.is_alive():
                return
            if self._orders:
                self._begin()

    def _put(self, order: _Order) -> None:
        self._orders.append(order)
        if len(self._orders) >= self._wanted:
            self._wake.put(None)
        if self._thread is None or self._is_closed:
            self._begin()

    def _begin(self) -> None:
        """Start the thread, unless it still works."""
        with self._lock:
            if self._thread is None or not self._thread.is_alive():
                self._is_closed = False
                self._thread = threading.Thread(target=self._work, name="sqs-outbox", daemon=True)
                self._thread.start()

    def _work(self) -> None:
        waiting: dict[tuple[str, str, str], list[_Order]] = {}
        due, is_open = 0.0, True
        while is_open:
            orders, is_open = self._take(due if waiting else None)
            if not waiting:
                due = time.monotonic() + _LINGER_SECONDS
            for order in orders:
                batch = waiting.setdefault(order.key, [])
                batch.append(order)
                if len(batch) == _BATCH:
                    self._send(order.key, waiting.pop(order.key))
            if time.monotonic() >= due or not is_open:
                for key, batch in waiting.items():
                    self._send(key, batch)
                waiting = {}

    def _take(self, due: float | None) -> tuple[list[_Order], bool]:
        """Wait for an order, or for a batch of them until monotonic time `due`.

        Returns the orders, and False when there will be no more.
        """
        patience = None if due is None else max(0.0, due - time.monotonic())
        self._wanted = 1 if due is None else _BATCH
        if len(self._orders) < self._wanted and not self._is_closed:
            with suppress(stdlib_queue.Empty):
                self._wake.get(timeout=patience)
        self._wanted = math.inf
        is_open = not self._is_closed  # what is put before it is closed is sent
        return [self._orders.popleft() for _ in range(len(self._orders))], is_open

    def _send(self, key: tuple[str, str, str], batch: list[_Order]) -> None:
        kind, url, queue = key
        for attempt in range(1, _TRIES + 1):
            try:
                batch = _CALLS[kind](get_sender(), url, queue, batch)
            except (BotoCoreError, ClientError) as error:
                logger.warning("%s of %d messages failed: %r", kind, len(batch), error)
            except Exception:  # the edge: this thread has more to tell
                logger.exception("%s of %d messages failed", kind, len(batch))
            else:
                if not batch:
                    return
            time.sleep(0.2 * 2**attempt)
        logger.warning("%s given up for %d messages: queue=%s", kind, len(batch), queue)


def _delete(client: Any, url: str, queue: str, batch: list[_Order]) -> list[_Order]:
    entries = [{"Id": str(i), "ReceiptHandle": o.handle} for i, o in enumerate(batch)]
    return _left(batch, client.delete_message_batch(QueueUrl=url, Entries=entries))


def _change(client: Any, url: str, queue: str, batch: list[_Order]) -> list[_Order]:
    entries = [
        {"Id": str(i), "ReceiptHandle": o.handle, "VisibilityTimeout": o.value}
        for i, o in enumerate(batch)
    ]
    return _left(batch, client.change_message_visibility_batch(QueueUrl=url, Entries=entries))


def _bury(client: Any, url: str, queue: str, batch: list[_Order]) -> list[_Order]:
    """One by one, for it is rare: first the copy, then the delete."""
    grave = get_settings().queue_url(dead_letter_queue(queue))
    left = []
    for order in batch:
        body, reason = order.value
        try:
            client.send_message(QueueUrl=grave, **_grave_content(body or " ", reason))
            client.delete_message(QueueUrl=url, ReceiptHandle=order.handle)
        except (BotoCoreError, ClientError) as error:
            logger.warning("message not buried: queue=%s error=%s", queue, error)
            left.append(order)
    return left


def _grave_content(body: str, reason: str) -> dict[str, Any]:
    """The body as it came; the reason beside it, unless both are more than SQS takes."""
    words = _attribute_text(reason)
    if len(body.encode()) + len(words) + 100 > _MESSAGE_BYTES:
        return {"MessageBody": body}
    attribute = {"DataType": "String", "StringValue": words}
    return {"MessageBody": body, "MessageAttributes": {"bellpull.reason": attribute}}


def _attribute_text(text: str) -> str:
    return text.encode("ascii", "backslashreplace").decode() or "unknown"


def _left(batch: list[_Order], answer: dict[str, Any]) -> list[_Order]:
    """The orders that failed and may succeed: a handle that SQS refuses stays refused."""
    return [batch[int(f["Id"])] for f in answer.get("Failed", []) if not f.get("SenderFault")]


_CALLS: dict[str, Callable[[Any, str, str, list[_Order]], list[_Order]]] = {
    "delete": _delete,
    "change": _change,
    "bury": _bury,
}
