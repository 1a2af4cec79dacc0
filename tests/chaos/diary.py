"""What happened in a run and when, printed as it happens."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal


@dataclass(frozen=True)
class Blow:
    """A fault that took a process from the jobs in its hands."""

    at: datetime
    worker: str
    #: Whose claims it hit: those of a worker (by the pid of its main process) or of one child.
    who: Literal["worker", "child"]
    pid: int


@dataclass(frozen=True)
class Outage:
    """A time in which a server did not answer."""

    begin: datetime
    end: datetime


class Diary:
    """Lines with the seconds since the run began; kept for the story of a job."""

    def __init__(self) -> None:
        self.began = time.monotonic()
        self.lines: list[str] = []
        self.faults: Counter[str] = Counter()
        self.blows: list[Blow] = []
        self.outages: list[Outage] = []
        #: Main processes of workers that were frozen for longer than their leases.
        self.frozen_pids: set[int] = set()
        #: Moments in which every bell in the queues was destroyed.
        self.losses: list[datetime] = []
        #: When the last fault was over.
        self.calm_since = datetime.now(UTC)
        self._lock = threading.Lock()

    def say(self, words: str) -> None:
        """Print a line, and keep it."""
        with self._lock:
            line = f"[{time.monotonic() - self.began:6.1f}s {datetime.now(UTC):%H:%M:%S}] {words}"
            self.lines.append(line)
            print(line, flush=True)  # noqa: T201 - it is a program for a terminal

    def note_fault(self, name: str, words: str) -> None:
        """A fault struck."""
        self.faults[name] += 1
        self.say(f"  {name}: {words}")
        self.note_calm()

    def note_calm(self) -> None:
        """Whatever a fault did is over by now."""
        self.calm_since = max(self.calm_since, datetime.now(UTC))

    def note_outage(self, begin: datetime) -> None:
        """A server answers again that was away since `begin`."""
        self.outages.append(Outage(begin, datetime.now(UTC)))
        self.note_calm()

    def seconds_of_outage(self, begin: datetime, end: datetime) -> float:
        """How much of a span some server was away."""
        spans = sorted(
            (max(one.begin, begin), min(one.end, end))
            for one in self.outages
            if one.begin < end and one.end > begin
        )
        total, reached = timedelta(), begin
        for first, last in spans:
            total += max(timedelta(), last - max(first, reached))
            reached = max(reached, last)
        return total.total_seconds()
