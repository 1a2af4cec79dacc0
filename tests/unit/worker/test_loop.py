"""Calls into the event loop, with kombu's own loop."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator

import pytest
from kombu.asynchronous import Hub

from worker.loop import LoopCalls

#: Kombu's loop sleeps for two seconds where nothing wakes it.
_ASLEEP_SECONDS = 1.5


class Loop:
    """A loop that waits for a file which is readable when `finish` was called."""

    def __init__(self) -> None:
        self.hub = Hub()
        self.calls = LoopCalls(self.hub)
        self.reading, self.writing = socket.socketpair()
        self.is_done = False
        self.hub.add_reader(self.reading, self._end)
        self.hub.call_later(60, lambda: None)

    def finish(self) -> None:
        self.writing.send(b".")

    def run(self) -> float:
        """Turn until it is done; returns how many seconds that took."""
        began, turns = time.monotonic(), self.hub.create_loop()
        while not self.is_done:
            next(turns)
        return time.monotonic() - began

    def close(self) -> None:
        self.hub.close()
        self.reading.close()
        self.writing.close()

    def _end(self) -> None:
        self.is_done = True


@pytest.fixture
def loop() -> Iterator[Loop]:
    loop = Loop()
    yield loop
    loop.close()


def _twice(hub: Hub, call: Callable[[], None]) -> None:
    hub.call_soon(lambda: hub.call_soon(call))


def test_calls_that_a_call_asks_for_do_not_wait_for_an_event(loop: Loop) -> None:
    """As acknowledging a job frees a slot, which begins the next receive."""
    loop.calls.soon(_twice, loop.hub, loop.finish)
    assert loop.run() < _ASLEEP_SECONDS


def test_calls_that_a_timer_asks_for_do_not_wait_for_an_event(loop: Loop) -> None:
    loop.hub.call_later(0, _twice, loop.hub, loop.finish)
    assert loop.run() < _ASLEEP_SECONDS
