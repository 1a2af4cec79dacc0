"""Receiving from SQS over kombu's event loop: time limits, failures, what has been heard."""

from __future__ import annotations

import logging
from typing import Any, NotRequired, TypedDict

import msgspec
import pycurl
from kombu.asynchronous.aws.sqs.connection import AsyncSQSConnection
from kombu.asynchronous.http.curl import CurlClient as KombuCurlClient

from chalicelib.broker.queues import WAIT_SECONDS

logger = logging.getLogger(__name__)

_CONNECT_SECONDS = 5
#: A long poll and what the network may add.
_ANSWER_SECONDS = WAIT_SECONDS + 10
#: What a worker heard longer ago says nothing about the present.
_WINDOW_SECONDS = 60.0


class Received(TypedDict):
    """A message as SQS tells it."""

    MessageId: str
    ReceiptHandle: str
    Body: str
    Attributes: NotRequired[dict[str, str]]
    MessageAttributes: NotRequired[dict[str, Any]]


class _Answer(TypedDict, total=False):
    Messages: list[Received] | None


_ANSWERS = msgspec.json.Decoder(_Answer)


class ReceiveFailed:
    """The answer to a ReceiveMessage that brought no list."""

    def __init__(self, reason: str) -> None:
        self.reason = reason


class Heard:
    """What one worker knows about one queue: when it asked, and how far behind the queue is."""

    def __init__(self) -> None:
        #: Monotonic time since when answers have been due; None while there is no free slot.
        self.asked_since: float | None = None
        #: Newest answers first seen: (monotonic time, seconds that the oldest bell was old).
        self._ages: list[tuple[float, float]] = []

    def ask(self, at: float) -> None:
        """A receive begins at monotonic time `at`."""
        if self.asked_since is None:
            self.asked_since = at

    def rest(self) -> None:
        """No receive is under way, because there is no free slot."""
        self.asked_since = None

    def answer(
        self, messages: list[Any], at: float, wall: float, *, is_brief: bool = False
    ) -> None:
        """A receive succeeded at monotonic time `at`, wall-clock time `wall`.

        `is_brief`: it was no long poll. SQS asks some of its servers then, not all, and an empty
        answer says nothing about the queue.

        An empty answer to a long poll means that everything visible has been heard;
        otherwise everything older than the oldest of these messages has. One that comes
        again was heard before, by somebody who died or gave it back: it is old, and says
        nothing about how far behind the queue is.
        """
        self.asked_since = at
        attributes = [message.get("Attributes", {}) for message in messages]
        new = [one for one in attributes if int(one.get("ApproximateReceiveCount", 1)) <= 1]
        if not new and (messages or is_brief):
            return
        sent = [float(one.get("SentTimestamp", 0)) / 1000 for one in new]
        age = max([0.0, *(wall - moment for moment in sent)])
        fresh = [known for known in self._ages if at - known[0] < _WINDOW_SECONDS]
        self._ages = [(at, age), *fresh[:200]]

    def age_seconds(self, at: float) -> float | None:
        """How long ago everything had been heard, None if nothing is known of the present.

        The most cautious answer of the last minute counts: fair queues may bring a quiet
        project's new bell before a busy project's old one.
        """
        fresh = [at - heard + age for heard, age in self._ages if at - heard < _WINDOW_SECONDS]
        if not fresh:
            return None
        newest_at, newest_age = self._ages[0]
        return at - newest_at if newest_age == 0.0 else max(fresh)


class CurlClient(KombuCurlClient):  # type: ignore[misc]  # kombu has no types
    """Kombu's HTTP client with time limits, and a handle for every queue."""

    @classmethod
    def of(cls, hub: Any, queues: int) -> CurlClient:
        """The client of an event loop."""
        client = getattr(hub, "_bellpull_http_client", None)
        if client is None or client._closed:
            client = hub._bellpull_http_client = cls(hub, max_clients=max(10, 2 * queues))
            hub.on_close.add(lambda _: client.close())
        return client

    # Kombu closes its client with the event loop alone, after which no timer fires. Here it is
    # closed at the begin of a shutdown.
    def _timeout_check(self, *args: Any) -> None:
        if not self._closed:
            super()._timeout_check(*args)

    # Kombu takes the milliseconds of curl for seconds, so that the timer of each receive stays for
    # hours. What is due later than in a second its look of each second finds.
    def _set_timeout(self, msecs: int) -> None:
        if 0 <= msecs < 1000:
            self.hub.call_later(msecs / 1000, self._timeout_check)

    # Kombu sets no time limit on its handles: on a half-open connection a poll never ends.
    def _setup_request(self, curl: Any, request: Any, buffer: Any, headers: Any) -> None:
        super()._setup_request(curl, request, buffer, headers)
        curl.setopt(pycurl.CONNECTTIMEOUT, _CONNECT_SECONDS)
        curl.setopt(pycurl.TIMEOUT, _ANSWER_SECONDS)
        curl.setopt(pycurl.NOSIGNAL, 1)
        curl.setopt(pycurl.TCP_KEEPALIVE, 1)


class Connection(AsyncSQSConnection):  # type: ignore[misc]
    """Kombu's connection, for which a failure is an answer and not an exception."""

    # Kombu takes time-outs and 5xx for an empty list, raises on the rest, and parses what it
    # gets by botocore's model, at several times the cost.
    def _on_list_ready(self, parent: Any, markers: Any, operation: str, response: Any) -> Any:
        if response.status != self.STATUS_CODE_OK:
            words = f"HTTP {response.status} {response.reason or ''}".strip()
            return ReceiveFailed(f"{words} {_text(response)}".strip())
        try:
            return _ANSWERS.decode(response.read() or b"")
        except (msgspec.MsgspecError, RecursionError, ValueError) as error:
            return ReceiveFailed(f"its answer cannot be read: {error}")


def _text(response: Any) -> str:
    try:
        body = response.read()
    except (AttributeError, ValueError, OSError):
        return ""
    return str(body)[:300] if body else ""
