"""Messages in hand stay invisible, and those that are not in hand are left alone."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.told_sqs import ToldSqs
from worker import visibility
from worker.visibility import VisibilityKeeper


class _Clock:
    def __init__(self) -> None:
        self.at = 1000.0

    def monotonic(self) -> float:
        return self.at


class _Channel:
    def __init__(self, *tags: str) -> None:
        self.tags = list(tags)

    def in_flight(self) -> dict[str, list[str]]:
        return {"url": list(self.tags)} if self.tags else {}

    def holds(self, tag: str) -> bool:
        return tag in self.tags


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> _Clock:
    made = _Clock()
    monkeypatch.setattr(visibility, "time", made)
    return made


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> ToldSqs:
    told = ToldSqs()
    monkeypatch.setattr(visibility, "get_sqs", lambda: told)
    return told


def test_message_is_renewed_after_a_third_of_its_time_in_batches_of_ten(
    clock: _Clock, sqs: ToldSqs
) -> None:
    keeper, channel = VisibilityKeeper(120), _Channel(*(f"r{n}" for n in range(12)))
    keeper.extend(channel)
    clock.at += 39
    keeper.extend(channel)
    assert sqs.calls == []
    clock.at += 2
    keeper.extend(channel)
    assert [len(batch) for batch in sqs.handles("change_message_visibility_batch")] == [10, 2]
    keeper.extend(channel)
    assert len(sqs.calls) == 2


def test_renewal_that_fails_is_tried_at_the_next_beat(clock: _Clock, sqs: ToldSqs) -> None:
    keeper, channel = VisibilityKeeper(120), _Channel("r")
    keeper.extend(channel)
    clock.at += 41
    sqs.fail_next()
    keeper.extend(channel)
    assert sqs.calls == []
    clock.at += 5
    keeper.extend(channel)
    assert sqs.handles("change_message_visibility_batch") == [["r"]]


def test_message_that_is_done_is_not_renewed(clock: _Clock, sqs: ToldSqs) -> None:
    keeper, channel = VisibilityKeeper(120), _Channel("r")
    keeper.extend(channel)
    channel.tags.clear()
    clock.at += 41
    keeper.extend(channel)
    assert sqs.calls == []


def test_message_that_is_given_back_while_others_are_renewed_is_not_hidden_again(
    clock: _Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper, channel = VisibilityKeeper(120), _Channel(*(f"r{n}" for n in range(12)))

    class Leaving(ToldSqs):
        def change_message_visibility_batch(self, **arguments: Any) -> Any:
            channel.tags = channel.tags[:11]
            return self.__getattr__("change_message_visibility_batch")(**arguments)

    sqs = Leaving()
    monkeypatch.setattr(visibility, "get_sqs", lambda: sqs)
    keeper.extend(channel)
    clock.at += 41
    keeper.extend(channel)
    assert sqs.handles("change_message_visibility_batch")[1:] == [["r10"]]
