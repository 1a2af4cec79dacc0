"""One worker as a process: what it said, what it ended with, and signals to it."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.local.servers.process import GuardedProcess


class Worker:
    """One worker process and what it said."""

    def __init__(self, guarded: GuardedProcess, log: Path) -> None:
        self._process = guarded
        self._log = log

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def status(self) -> int | None:
        """What it ended with, None while it runs."""
        return self._process.status

    @property
    def text(self) -> str:
        """All that it printed."""
        return self._log.read_text(errors="replace")

    def child_pids(self) -> list[int]:
        """Its pool processes."""
        return [pid for pid, parent in _processes() if parent == self.pid]

    def group_pids(self) -> list[int]:
        """Every process of its group, itself included."""
        told = subprocess.run(
            ["ps", "-A", "-o", "pid=,pgid=,stat="], capture_output=True, text=True, check=True
        )
        rows = [line.split() for line in told.stdout.splitlines()]
        return [int(row[0]) for row in rows if int(row[1]) == self.pid and row[2][0] != "Z"]

    def signal(self, number: signal.Signals) -> None:
        """Send a signal to the main process alone."""
        os.kill(self.pid, number)

    def terminate(self) -> None:
        """SIGTERM, as a deployment sends it."""
        self.signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it with its pool, as a crash of the machine would."""
        self._process.kill()

    def wait_for_exit(self, seconds: float = 20) -> int:
        """Its exit status. Fails if it does not end."""
        wait_until(lambda: self.status is not None, seconds, lambda: f"no exit: {self.text}")
        assert self.status is not None
        return self.status

    def wait_for_line(self, words: str, seconds: float = 20) -> None:
        """Wait until it printed `words`."""
        wait_until(
            lambda: words in self.text or self.status is not None,
            seconds,
            lambda: f"{words!r} was not printed: {self.text[-6000:]}",
        )
        assert words in self.text, f"ended with {self.status}: {self.text[-6000:]}"


def wait_until(
    is_true: Callable[[], bool], seconds: float, explain: Callable[[], str] = lambda: ""
) -> None:
    """Ask every 50 ms; fails with the explanation when the time is over."""
    deadline = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > deadline:
            pytest.fail(f"not within {seconds} s: {explain()}")
        time.sleep(0.05)


def _processes() -> list[tuple[int, int]]:
    told = subprocess.run(
        ["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True
    )
    rows = [line.split() for line in told.stdout.splitlines()]
    return [(int(pid), int(parent)) for pid, parent in rows]
