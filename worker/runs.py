"""A run: short jobs that one process of the pool is given at once, and works on in their order.

A process that waits is woken for each job that it is given alone, which costs more than a short
job itself. So that none waits behind a long one, what a process has not begun can be taken back.
"""

from __future__ import annotations

import time
from ctypes import c_uint64
from typing import Any

#: Seconds to wait for a process that is at its ledger: it is there for microseconds, unless it
#: is stopped just then.
_PATIENCE_SECONDS = 0.01


class Ledger:
    """How far a process has come, in memory that it shares with the main process.

    Jobs are counted from 1 in the order in which they were written to its pipe.
    """

    def __init__(self, context: Any) -> None:
        self._lock = context.Lock()
        #: The last job begun or skipped; after which, and up to which, are those to skip.
        self._numbers = context.RawArray(c_uint64, 3)

    @property
    def begun(self) -> int:
        """The last job that the process took out of its pipe."""
        return int(self._numbers[0])

    def begin(self) -> bool:
        """The process takes the next job out of its pipe; False if that was taken back."""
        with self._lock:
            self._numbers[0] += 1
            begun, after, last = self._numbers
        return not after < begun <= last

    def take_back(self, keep: int, written: int) -> int | None:
        """Have the process skip what it has not begun, of those after `keep` up to `written`.

        Returns the last that it does not skip; None if the process cannot be asked now.
        """
        if not self._lock.acquire(timeout=_PATIENCE_SECONDS):
            return None
        try:
            begun, after, last = self._numbers
            kept = max(begun, keep)
            if begun < last:  # what it is to skip already stays among it
                kept = min(kept, after)
            self._numbers[1], self._numbers[2] = kept, written
            return int(kept)
        finally:
            self._lock.release()


class Run:
    """The jobs that one process has, as the main process knows it."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        #: Monotonic time at which it was last given jobs.
        self.written_at = 0.0
        #: How many jobs the process has ended.
        self.ended = 0
        self._written = 0
        #: Jobs that have not ended, in their order: job of the pool -> its number in the ledger.
        self._jobs: dict[Any, int] = {}

    def __len__(self) -> int:
        return len(self._jobs)

    def add(self, jobs: list[Any]) -> None:
        """These were written to the pipe of the process."""
        self.written_at = time.monotonic()
        for job in jobs:
            self._written += 1
            self._jobs[job] = self._written

    def end(self, number: int) -> None:
        """The process has ended the job of the pool that has this number there."""
        self.ended += 1
        for job in self._jobs:
            if job._job == number:  # noqa: SLF001 - billiard names it in no other way
                del self._jobs[job]
                return

    def is_only_at(self, job: Any) -> bool:
        """Whether the process is at this job, and has no other to begin after it."""
        is_last = next(reversed(self._jobs), None) is job
        return is_last and self._jobs[job] == self.ledger.begun

    def has_unread(self) -> bool:
        """Whether the pipe of the process, which has ended, still holds something."""
        return self.ledger.begun < self._written

    def take_back(self, *, first_too: bool) -> list[Any]:
        """Take back the jobs that the process has not begun; its first only if `first_too`."""
        if not self._jobs:
            return []
        keep = 0 if first_too else next(iter(self._jobs.values()))
        kept = self.ledger.take_back(keep, self._written)
        back = [] if kept is None else [job for job, n in self._jobs.items() if n > kept]
        for job in back:
            del self._jobs[job]
        return back
