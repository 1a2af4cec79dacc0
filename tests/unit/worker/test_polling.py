"""When the channel asks SQS for messages, and when it does not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.hub import FakeHub
from tests.unit.worker.conftest import Receives, make_messages
from worker.receiving import ReceiveFailed
from worker.transport import Channel


@pytest.fixture
def delivered(channel: Channel, hub: FakeHub) -> list[Any]:
    """Messages that a consumer of the queue "default" got; it may hold four."""
    got: list[Any] = []
    channel.basic_qos(0, 4, False)
    channel.basic_consume("default", False, got.append, "tag")
    hub.run()
    return got


@pytest.fixture
def buried(channel: Channel, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Orders to bury a message: URL, queue, message, reason."""
    orders: list[Any] = []
    monkeypatch.setattr(channel.outbox, "bury", lambda *order: orders.append(order))
    return orders


def test_queue_is_asked_once_for_as_many_as_there_are_slots(
    delivered: list[Any], receives: Receives
) -> None:
    assert [(queue, count) for queue, count, _ in receives.waiting] == [("default", 4)]


def test_queue_is_asked_again_at_once_after_an_answer(
    delivered: list[Any], receives: Receives, hub: FakeHub
) -> None:
    receives.answer(make_messages(2))
    hub.run()
    receives.answer({})
    hub.run()
    assert [(queue, count) for queue, count, _ in receives.waiting] == [("default", 2)]
    assert hub.later == []


def test_no_receive_while_no_slot_is_free_and_it_resumes_when_one_is(
    channel: Channel, delivered: list[Any], receives: Receives, hub: FakeHub
) -> None:
    receives.answer(make_messages(4))
    hub.run()
    assert receives.waiting == []
    assert hub.later == []  # nothing polls, nothing sleeps
    assert channel.heard["default"].asked_since is None

    delivered[0].ack()
    hub.run()
    # One for the slot, and one for the reserve: a job has just ended.
    assert [(queue, count) for queue, count, _ in receives.waiting] == [("default", 2)]
    assert channel.heard["default"].asked_since is not None


@pytest.mark.parametrize("verb", ["ack", "reject", "requeue", "bury"])
def test_each_way_of_being_done_with_a_message_frees_its_slot(
    channel: Channel, delivered: list[Any], receives: Receives, hub: FakeHub, verb: str
) -> None:
    receives.answer(make_messages(4))
    hub.run()
    if verb == "bury":
        channel.bury(delivered[0].delivery_tag, "it is old")
    else:
        getattr(delivered[0], verb)()
    hub.run()
    assert len(receives.waiting) == 1
    assert channel.in_flight() == {"http://127.0.0.1:9/123456789012/bp-default": ["r1", "r2", "r3"]}


def test_freed_slots_do_not_double_the_receives(
    delivered: list[Any], receives: Receives, hub: FakeHub
) -> None:
    receives.answer(make_messages(4))
    hub.run()
    for message in delivered:
        message.ack()
    hub.run()
    assert len(receives.waiting) == 1


def test_failed_receive_is_asked_again_after_a_pause(
    channel: Channel, delivered: list[Any], receives: Receives, hub: FakeHub
) -> None:
    asked_since = channel.heard["default"].asked_since
    receives.answer(ReceiveFailed("HTTP 503"))
    hub.run()
    assert receives.waiting == []
    assert [seconds for seconds, _, _ in hub.later] == [2.0]
    hub.let_time_pass()
    assert len(receives.waiting) == 1
    # A failure is not a word of SQS: the watchdog's time goes on.
    assert channel.heard["default"].asked_since == asked_since


def test_draining_channel_gives_back_what_still_comes_and_asks_no_more(
    channel: Channel,
    delivered: list[Any],
    receives: Receives,
    hub: FakeHub,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given_back: list[Any] = []
    monkeypatch.setattr(channel.outbox, "put_back", lambda *order: given_back.append(order))
    channel.is_draining = True
    receives.answer(make_messages(2))
    hub.run()
    assert delivered == []
    url = "http://127.0.0.1:9/123456789012/bp-default"
    assert given_back == [(url, "default", ["r0", "r1"], 0)]
    assert receives.waiting == []


def test_last_cancel_of_a_draining_channel_ends_polls_under_way(
    channel: Channel, delivered: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    closed: list[bool] = []

    class Client:
        def close(self) -> None:
            closed.append(True)

    monkeypatch.setattr("worker.transport.CurlClient.of", lambda hub, queues: Client())
    channel.basic_consume("network", False, print, "other")
    channel.is_draining = True
    channel.basic_cancel("tag")
    assert not closed
    channel.basic_cancel("other")
    assert closed
    assert channel.has_drained.is_set()


def test_delivery_that_raises_buries_the_message_and_the_next_one_arrives(
    channel: Channel, receives: Receives, hub: FakeHub, buried: list[Any]
) -> None:
    got: list[Any] = []

    def consume(message: Any) -> None:
        got.append(message)
        if len(got) == 1:
            raise RecursionError("deep")

    channel.basic_qos(0, 4, False)
    channel.basic_consume("default", False, consume, "tag")
    hub.run()
    receives.answer(make_messages(2))
    hub.run()
    assert [message.delivery_tag for message in got] == ["r0", "r1"]
    [(_, queue, message, reason)] = buried
    assert (queue, message["ReceiptHandle"]) == ("default", "r0")
    assert "RecursionError" in reason
    assert list(channel.in_flight().values()) == [["r1"]]
    assert [count for _, count, _ in receives.waiting] == [3]


@pytest.mark.parametrize("body", ["", "hello", "[]", "{}", '{"properties": []}', "[" * 10_000])
def test_what_is_no_message_of_celery_is_buried(
    buried: list[Any], delivered: list[Any], receives: Receives, hub: FakeHub, body: str
) -> None:
    receives.answer(make_messages(1, body=body))
    hub.run()
    assert delivered == []
    assert len(buried) == 1
    assert len(receives.waiting) == 1
