"""Calls from other threads into the thread of the worker's event loop."""

from __future__ import annotations

import logging
import threading
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

logger = logging.getLogger(__name__)

#: What calls ask for at the end, and what that asks for.
_TURNS = 3


class LoopCalls:
    """Calls in their order, made by the loop, or by whoever ends it when it runs no more."""

    def __init__(self, hub: Any) -> None:
        """Belongs to the thread that makes it."""
        self._hub = hub
        self._calls: deque[Callable[[], object]] = deque()
        self._thread = threading.get_ident()
        hub.on_tick.add(self._keep_awake)

    def _keep_awake(self) -> None:
        """Let the loop not sleep while calls are ready.

        Kombu 5.7 looks for them at the begin of a turn only. What such a call, or a timer, asks
        of the loop in its turn waits until some file is readable, or for two seconds.
        """
        if self._hub._ready:  # noqa: SLF001 - there is no other way to these
            self._hub._waker.wake()  # noqa: SLF001

    def soon(self, function: Callable[..., object], *args: Any, **options: Any) -> None:
        """Have `function` called in the loop's thread; from any thread."""
        self._calls.append(partial(function, *args, **options))
        self._hub.call_soon(self.run)

    def later(self, seconds: float, function: Callable[[], object]) -> None:
        """Have `function` called after a while; only in the loop's thread, while the loop runs."""
        self._hub.call_later(seconds, function)

    def now_or_soon(self, function: Callable[..., object], *args: Any, **options: Any) -> None:
        """The same, at once if this is the loop's thread."""
        if threading.get_ident() == self._thread:
            function(*args, **options)
        else:
            self.soon(function, *args, **options)

    def run_if_loop_ended(self) -> None:
        """Make the calls that wait, if this is the loop's thread: then the loop has ended.

        Also what they ask of the loop in their turn: Celery acknowledges messages in that way.
        """
        if threading.get_ident() != self._thread:
            return
        self.run()
        for _ in range(_TURNS):
            for call in self._hub._pop_ready():  # noqa: SLF001
                call()

    def run(self) -> None:
        """Make the calls that wait. An error in one is logged and keeps no other from it."""
        while self._calls:
            call = self._calls.popleft()
            try:
                call()
            except Exception:  # the edge: what one job does must not stop the worker
                logger.exception("call failed in the event loop: %r", call)
