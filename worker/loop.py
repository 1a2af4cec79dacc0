"""Calls from other threads into the thread of the worker's event loop.

Kombu's loop may be called from its own thread only: its queue of calls has no lock, and
a loop that waits for its file descriptors does not look at it.
"""

from __future__ import annotations

import logging
import os
import threading
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Any

logger = logging.getLogger(__name__)


class LoopCalls:
    """A queue of calls, and a pipe that wakes the loop to make them."""

    def __init__(self) -> None:
        self._calls: deque[tuple[Callable[..., object], tuple[Any, ...]]] = deque()
        self._reader, self._writer = os.pipe()
        os.set_blocking(self._reader, False)
        os.set_blocking(self._writer, False)
        self._thread = threading.get_ident()

    def attach(self, hub: Any) -> None:
        """Have this loop make the calls; again, whenever the loop forgot its readers."""
        self._thread = threading.get_ident()
        hub.add_reader(self._reader, self.run)

    def soon(self, function: Callable[..., object], *args: Any) -> None:
        """Have `function(*args)` called in the loop's thread; from any thread."""
        self._calls.append((function, args))
        with suppress(BlockingIOError):  # full: it wakes up anyway
            os.write(self._writer, b"!")

    def now_or_soon(self, function: Callable[..., object], *args: Any, **options: Any) -> None:
        """The same, at once if this is the loop's thread."""
        if threading.get_ident() == self._thread:
            function(*args, **options)
        else:
            self.soon(partial(function, *args, **options))

    def run_if_loop_ended(self) -> None:
        """Make the calls that wait, if this is the loop's thread: then the loop has ended."""
        if threading.get_ident() == self._thread:
            self.run()

    def run(self) -> None:
        """Make the calls that wait. An error in one is logged and keeps no other from it."""
        with suppress(BlockingIOError):
            os.read(self._reader, 4096)
        while self._calls:
            function, args = self._calls.popleft()
            try:
                function(*args)
            except Exception:  # the edge: what one job does must not stop the worker
                logger.exception("call failed in the event loop: %r", function)
