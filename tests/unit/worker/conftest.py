"""A channel on a fake event loop, with settings that lead nowhere."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from kombu import Connection
from kombu.asynchronous import get_event_loop, set_event_loop

from chalicelib.broker.sqs import get_sqs
from chalicelib.settings import get_settings
from tests.fakes.hub import FakeHub
from tests.fakes.process_pool import Pool
from tests.fakes.told_sqs import ToldSqs
from worker.prefork import JobPool
from worker.transport import Channel

URL = "http://127.0.0.1:9/123456789012/bp-{queue}"


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("DATABASE_URL", "sqlite:///:memory:")
    monkeypatch.setenv("SQS_QUEUE_URL", URL)
    monkeypatch.setenv("SQS_ENDPOINT_URL", "http://127.0.0.1:9")
    get_settings.cache_clear()
    get_sqs.cache_clear()
    yield
    get_settings.cache_clear()
    get_sqs.cache_clear()


def make_messages(count: int, name: str = "", *, body: str | None = None) -> dict[str, Any]:
    """What a receive brings."""
    envelope = {
        "body": "[[], {}, {}]",
        "headers": {"task": "t", "id": "1"},
        "properties": {"delivery_info": {}},
        "content-type": "application/json",
    }
    return {
        "Messages": [
            {
                "MessageId": f"m{name}{number}",
                "ReceiptHandle": f"r{name}{number}",
                "Body": json.dumps(envelope) if body is None else body,
                "Attributes": {"SentTimestamp": "1000"},
            }
            for number in range(count)
        ]
    }


@pytest.fixture
def hub() -> FakeHub:
    return FakeHub()


class Receives:
    """Receives under way: the channel asks, the test answers."""

    def __init__(self) -> None:
        #: (queue, most messages, callback) of each that was not answered.
        self.waiting: list[tuple[str, int, Callable[[Any], Any]]] = []

    def answer(self, outcome: Any) -> None:
        """Answer the oldest."""
        _, _, callback = self.waiting.pop(0)
        callback(outcome)


@pytest.fixture
def receives() -> Receives:
    return Receives()


@pytest.fixture
def channel(hub: FakeHub, receives: Receives, monkeypatch: pytest.MonkeyPatch) -> Iterator[Channel]:
    """The channel; what it would ask of SQS waits in `receives`."""
    connection = Connection(
        "sqs://test:test@127.0.0.1:9//",
        transport="worker.transport:Transport",
        transport_options={
            "region": "us-east-1",
            "is_secure": False,
            "predefined_queues": {
                name: {"url": URL.replace("{queue}", name)} for name in ("default", "network")
            },
            "queue_weights": {"network": 4, "default": 1},
        },
    )
    made = connection.channel()
    made.hub = hub

    def get_async(queue: str, count: int = 1, callback: Any = None) -> None:
        url = URL.replace("{queue}", queue)
        receives.waiting.append(
            (queue, count, lambda got: callback(made._on_messages_ready(url, queue, got)))
        )

    monkeypatch.setattr(made, "_get_async", get_async)
    monkeypatch.setattr("worker.outbox.get_sender", ToldSqs)
    yield made
    made.outbox.close(1)
    connection.close()


@pytest.fixture
def make_pool() -> Iterator[Any]:
    made: list[Pool] = []
    before = get_event_loop()

    def make(kind: type[Any] = JobPool, **options: Any) -> Pool:
        made.append(Pool(kind, **options))
        made[-1].wait_until_up()
        return made[-1]

    yield make
    for one in made:
        one.pool.terminate()
        one.hub.close()
    set_event_loop(before)
