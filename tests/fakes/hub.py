"""An event loop that does what it was asked to only when the test says so."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any


class FakeHub:
    """Keeps what `call_soon` and `call_later` were given; `run` does it."""

    def __init__(self) -> None:
        self._soon: deque[tuple[Callable[..., Any], tuple[Any, ...]]] = deque()
        #: What was asked for later: (seconds, callback, arguments).
        self.later: list[tuple[float, Callable[..., Any], tuple[Any, ...]]] = []
        self.on_tick: set[Callable[..., Any]] = set()
        self.on_close: set[Callable[..., Any]] = set()

    def call_soon(self, callback: Callable[..., Any], *args: Any) -> None:
        self._soon.append((callback, args))

    def call_later(self, seconds: float, callback: Callable[..., Any], *args: Any) -> None:
        self.later.append((seconds, callback, args))

    def _pop_ready(self) -> list[Callable[[], Any]]:
        soon, self._soon = self._soon, deque()
        return [partial(callback, *args) for callback, args in soon]

    def run(self) -> None:
        """Do what is to be done soon, and what that asks for, until nothing is left."""
        for _ in range(1000):
            if not self._soon:
                return
            callback, args = self._soon.popleft()
            callback(*args)
        raise AssertionError("the event loop spins")

    def let_time_pass(self) -> None:
        """Do what was asked for later."""
        due, self.later = self.later, []
        for _, callback, args in due:
            callback(*args)
        self.run()
