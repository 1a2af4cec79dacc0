"""A pool of processes in an event loop that turns when the test says so, and jobs for it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kombu.asynchronous import WRITE, Hub, set_event_loop

_LIMIT_SECONDS = 20


class Pool:
    """A pool in a loop, and how often the loop was asked to tell when a pipe can be written."""

    def __init__(self, kind: type[Any], **options: Any) -> None:
        self.hub, self.asked = Hub(), 0
        set_event_loop(self.hub)
        self.pool = kind(2, threads=False, enable_timeouts=True, **options)
        self.pool.register_with_event_loop(self.hub)
        self._turns = self.hub.create_loop()
        #: What jobs said, and the errors of those that failed.
        self.found: list[Any] = []
        self.failed: list[Any] = []
        register = self.hub.poller.register

        def count(fd: int, flags: int) -> int:
            self.asked += bool(flags & WRITE)
            return int(register(fd, flags))

        self.hub.poller.register = count

    def give(self, function: Callable[..., Any], *arguments: Any, **options: Any) -> Any:
        """One job, named by its arguments."""
        name = ",".join(str(one)[:20] for one in arguments)
        return self.pool.apply_async(
            function,
            arguments,
            callback=self.found.append,
            error_callback=self.failed.append,
            correlation_id=name,
            **options,
        )

    def turn_until(self, is_so: Callable[[], bool]) -> None:
        """Let the loop turn until it is so."""
        self.hub.call_repeatedly(0.01, lambda: None)
        until = time.monotonic() + _LIMIT_SECONDS
        while not is_so():
            assert time.monotonic() < until, (self.found, self.failed)
            next(self._turns)

    def run(self, texts: list[str]) -> list[int]:
        """The lengths of `texts`, which are given to the processes all at once."""
        before = len(self.found)
        for text in texts:
            self.give(len, text)
        self.turn_until(lambda: len(self.found) == before + len(texts))
        return self.found[before:]

    def wait_until_up(self) -> None:
        """Until both processes can be given jobs."""
        self.turn_until(lambda: len(self.pool._all_inqueues) == 2)


def note(folder: str, name: str, seconds: float = 0.0) -> str:
    """A job that leaves a line: its name, and the process that ran it."""
    with Path(folder, "notes").open("a") as notes:
        notes.write(f"{name} {os.getpid()}\n")
    time.sleep(seconds)
    return name


def note_and_exit(folder: str, name: str, seconds: float) -> None:
    """A job that ends its process when it has ended."""
    note(folder, name, seconds)
    sys.exit(0)


def leave(status: int) -> None:
    """A job at which its process ends."""
    os._exit(status)


def read_notes(folder: Path) -> dict[str, list[str]]:
    """By job, the processes that ran it."""
    notes: dict[str, list[str]] = {}
    path = folder / "notes"
    for line in path.read_text().splitlines() if path.exists() else ():
        name, pid = line.split()
        notes.setdefault(name, []).append(pid)
    return notes


def wait_until(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + _LIMIT_SECONDS
    while not is_so():
        assert time.monotonic() < until
        time.sleep(0.005)
