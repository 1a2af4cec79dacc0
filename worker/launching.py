"""Which jobs wait for the pool and which it has: more than processes, while they are short."""

from __future__ import annotations

import signal
import threading
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from worker.loop import LoopCalls

if TYPE_CHECKING:
    from worker.request import JobRequest

#: A process is given as many jobs as it ends in so many seconds, if each takes as long as the
#: longest of so many that ended last.
_RUN_SECONDS = 0.04
_RECENT = 16
#: Seconds after which a process that is still at its run keeps only the job that it is at.
_HELD_SECONDS = 0.05


class Launches:
    """The claimed jobs of a worker: those that wait here, and those that its pool has.

    For any thread, but for what says otherwise.
    """

    def __init__(
        self,
        pool: Any,
        calls: LoopCalls,
        changed: threading.Condition,
        give: Callable[[JobRequest], None],
    ) -> None:
        """`give` gives a job to `pool`; `changed` guards what waits, and hears of room."""
        self._pool, self._calls, self._changed, self._give = pool, calls, changed, give
        #: How many jobs a process can be given at once; of Celery's pools it takes one.
        self._longest_run = int(getattr(pool, "longest_run", 1))
        self._waiting: deque[JobRequest] = deque()
        self._given: set[JobRequest] = set()
        #: What the jobs that ended last took.
        self._seconds: deque[float] = deque(maxlen=_RECENT)
        self._is_closed = self._is_launching = self._is_watched = False

    def close(self) -> None:
        """Give nothing to the pool from now on."""
        with self._changed:
            self._is_closed = True

    def waiting(self) -> list[JobRequest]:
        """Those that wait here."""
        with self._changed:
            return list(self._waiting)

    def given(self) -> list[JobRequest]:
        """Those that the pool has."""
        return list(self._given.copy())

    def count_free(self) -> int:
        """How many processes are left over when each that waits or was given has one."""
        return self._count_slots() - len(self._given) - len(self._waiting)

    def line_up(self, requests: Sequence[JobRequest]) -> bool:
        """Let claimed jobs wait for the pool; False if it is to have none any more."""
        with self._changed:
            if self._is_closed:
                return False
            self._waiting.extend(requests)
        if requests:
            self._calls.soon(self.launch)
        return True

    def pick(self, limit: float) -> list[JobRequest]:
        """Take out those that wait and arrived at monotonic time `limit` or before."""
        with self._changed:
            return pick_older(self._waiting, limit)

    def put_first(self, requests: Sequence[JobRequest]) -> None:
        """Let these wait before all others."""
        with self._changed:
            self._waiting.extendleft(reversed(requests))

    def discard(self, request: JobRequest, seconds: float | None = None) -> None:
        """This one has left the pool, after so many seconds if it ran to its end."""
        self._given.discard(request)
        if seconds is not None:
            self._seconds.append(seconds)

    def launch(self) -> None:
        """Give to the pool what it may have; in the event loop's thread."""
        if self._is_launching:
            return  # a solo pool runs jobs in here, and says that each has ended
        self._is_launching = True
        try:
            while request := self._next():
                self._give(request)
        finally:
            self._is_launching = False
        if self._longest_run > 1 and not self._is_watched and self._pool.has_waiting():
            self._is_watched = True
            self._calls.later(_HELD_SECONDS, self._look_after)

    def take_back(self, held_seconds: float | None = None) -> None:
        """Let what the pool has not begun wait here again; `held_seconds`: see `JobPool`."""
        if self._longest_run == 1:
            return
        ids = self._pool.take_back(held_seconds)
        unbegun: dict[str, list[JobRequest]] = {}
        for request in self.given():
            if request.time_start is None:
                unbegun.setdefault(request.id, []).append(request)
        found = [unbegun[one].pop() for one in ids if unbegun.get(one)]
        self._given.difference_update(found)
        self.put_first(found)

    def signal(self, request: JobRequest, number: signal.Signals) -> bool:
        """Send a signal to the process that is at this job; in the event loop's thread.

        Returns False if none is. Raises ProcessLookupError when it has just ended.
        """
        self.take_back()
        try:
            job = request.pool_job()
            return job is not None and bool(self._pool.signal(job, number))
        finally:
            self.launch()

    def _look_after(self) -> None:
        self._is_watched = False
        if self._is_closed:
            return  # who leaves takes back
        before = len(self._given)
        self.take_back(_HELD_SECONDS)
        if len(self._given) < before:
            self._seconds.clear()  # they are not short
        self.launch()

    def _next(self) -> JobRequest | None:
        with self._changed:
            if self._is_closed or not self._waiting or not self._has_room():
                self._changed.notify()  # there may be room to claim more
                return None
            request = self._waiting.popleft()
            self._given.add(request)
            return request

    def _has_room(self) -> bool:
        slots = self._count_slots()
        if len(self._given) < slots:
            return True
        if len(self._seconds) < _RECENT:
            return False
        longest = max(*self._seconds, _RUN_SECONDS / self._longest_run)
        return len(self._given) < slots * int(_RUN_SECONDS / longest)

    def _count_slots(self) -> int:
        try:
            return int(self._pool.num_processes)
        except AttributeError:  # it has ended, or not yet begun
            return 0


def pick_older(waiting: deque[JobRequest], limit: float) -> list[JobRequest]:
    """Take out the oldest, those that arrived at monotonic time `limit` or before."""
    picked = []
    while waiting and waiting[0].arrived_at <= limit:
        picked.append(waiting.popleft())
    return picked
