"""Full queues share a worker by their weights, and the channel asks them in turn."""

from __future__ import annotations

import time
from typing import Any

import pytest

from tests.fakes.hub import FakeHub
from tests.unit.worker.conftest import Receives, make_messages
from worker.receiving import ReceiveFailed
from worker.shares import Shares
from worker.transport import Channel

WEIGHTS = {"network": 3, "default": 5}


def serve(shares: Shares, queues: list[str], times: int, count: int = 10) -> list[str]:
    """Who brings `count` messages, so many times, if all are always full."""
    served = []
    for _ in range(times):
        first = shares.in_turn(queues)[0]
        shares.note(first, count)
        served.append(first)
    return served


def test_full_queues_bring_shares_by_their_weights_and_none_starves() -> None:
    served = serve(Shares(WEIGHTS), ["default", "network", "others"], 90)
    counts = [served.count(queue) for queue in ("network", "default", "others")]
    assert counts == [30, 50, 10]


def test_queue_that_was_empty_has_saved_nothing_up() -> None:
    shares = Shares({})
    serve(shares, ["default"], 1000)
    served = serve(shares, ["default", "network"], 20)
    assert served.count("network") <= 11
    shares.note("network", 0)
    assert not shares.is_contended("default")


@pytest.fixture
def got(channel: Channel, hub: FakeHub) -> list[Any]:
    """Messages of both queues; two may be held. Both have answered once, and are full."""
    messages: list[Any] = []
    channel.basic_qos(0, 2, False)
    for queue in ("default", "network"):
        channel.basic_consume(queue, False, messages.append, queue)
    hub.run()
    return messages


def fill(receives: Receives, hub: FakeHub) -> None:
    receives.answer(make_messages(1, "d"))
    receives.answer(make_messages(1, "n"))
    hub.run()


def test_freed_slot_is_for_the_queue_that_is_behind(
    channel: Channel, got: list[Any], receives: Receives, hub: FakeHub
) -> None:
    fill(receives, hub)
    assert receives.waiting == []
    got[0].ack()
    hub.run()
    assert [(queue, count) for queue, count, _ in receives.waiting] == [("default", 2)]
    assert channel._kept == {"default": 2}, "asked briefly, and the other one waits for it"
    receives.answer(make_messages(2, "e"))
    hub.run()
    for number, message in enumerate(got[1:4]):
        message.ack()
        hub.run()
        assert {queue for queue, _, _ in receives.waiting} <= {"network"}, number
    assert len(receives.waiting) == 1


def test_queue_that_was_asked_briefly_and_is_empty_leaves_the_slot_to_the_other(
    channel: Channel, got: list[Any], receives: Receives, hub: FakeHub
) -> None:
    fill(receives, hub)
    got[0].ack()
    hub.run()
    receives.answer({})
    hub.run()
    assert sorted(queue for queue, _, _ in receives.waiting) == ["default", "network"]
    age = channel.heard["default"].age_seconds(time.monotonic())
    assert age is not None
    assert age > 1000, "a brief receive that brings nothing does not say that all was heard"


@pytest.mark.parametrize("outcome", [{}, ReceiveFailed("HTTP 503")])
def test_lone_full_queue_is_asked_at_length_and_keeps_nobody_from_asking(
    channel: Channel, got: list[Any], receives: Receives, hub: FakeHub, outcome: Any
) -> None:
    receives.answer(outcome)
    receives.answer(make_messages(1, "n"))
    hub.run()
    assert "network" in [queue for queue, _, _ in receives.waiting]
    assert channel._kept == {}
