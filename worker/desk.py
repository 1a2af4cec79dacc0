"""The desk: claims the jobs of bells that arrive and records successes, many in one statement.

It has a thread of its own, so that the event loop never waits for the database. A batch is what
gathered while the one before it was written, and during a breath where jobs are many.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from chalicelib.domain.ids import new_id
from chalicelib.services import claims, success_batches
from chalicelib.services.claims import ClaimAnswer
from chalicelib.settings import get_settings
from worker import process
from worker.bell_answers import (
    end_unlaunched,
    end_unreadable_bell,
    is_claimed_late,
    record_alone,
    unclaim,
)
from worker.launching import Launches, pick_older
from worker.loop import LoopCalls
from worker.tasks.claiming import PATIENCE_SECONDS, insist
from worker.tasks.results import count_recordable

if TYPE_CHECKING:
    from worker.request import JobRequest

logger = logging.getLogger(__name__)

#: The most jobs of one statement.
_MOST = 100
#: Seconds that the desk waits between two batches, for more to gather: for each job that is
#: claimed ahead, and at most.
_BREATH_SECONDS = 0.0005
_LONGEST_BREATH_SECONDS = 0.02

#: A request whose job succeeded, and the JSON of its result.
_Result = tuple["JobRequest", msgspec.Raw | None]


class Desk:
    """What a worker has in hand: bells that arrived, and jobs claimed, launched or ended.

    The event loop's thread calls `take`, `ended` and `record`; any thread calls the rest.
    """

    def __init__(self, pool: Any, calls: LoopCalls, count_ahead: Callable[[], int]) -> None:
        """`count_ahead` says how many jobs to claim beyond the free slots of `pool`."""
        self._pool, self.calls, self._count_ahead = pool, calls, count_ahead
        self._changed = threading.Condition()
        self._arrived: deque[JobRequest] = deque()
        #: The claimed jobs that have not ended.
        self.launches = Launches(pool, calls, self._changed, self._launch)
        #: What else there is to do with the database.
        self._errands: deque[Callable[[], None]] = deque()
        self._results: list[_Result] = []
        self._recording: list[_Result] = []
        self._ahead = 0
        self._is_leaving = self._is_closed = False
        self._thread: threading.Thread | None = None

    def take(self, request: JobRequest) -> None:
        """A bell arrived: its job is claimed as soon as there is nearly room for it."""
        self._ahead = self._count_ahead()
        with self._changed:
            self._arrived.append(request)
            self._changed.notify()
        self._start()

    def ended(self, request: JobRequest, seconds: float | None = None) -> None:
        """A job left the pool, after so many seconds if it succeeded: another may enter."""
        self.launches.discard(request, seconds)
        self._ahead = self._count_ahead()
        self.launches.launch()

    def record(self, request: JobRequest, result: msgspec.Raw | None) -> None:
        """A job succeeded: its message is deleted when that is committed."""
        with self._changed:
            self._results.append((request, result))
            self._changed.notify()

    def refuse(self, message: Any, reason: str) -> None:
        """A bell of ours cannot be read: its job ends, for it would be rung again and again."""
        self._run_errand(partial(end_unreadable_bell, self.calls, message, reason))

    def in_hand(self) -> list[JobRequest]:
        """The requests of all jobs that this worker holds a claim on."""
        with self._changed:
            unrecorded = [request for request, _ in (*self._results, *self._recording)]
            return [*self.launches.waiting(), *self.launches.given(), *unrecorded]

    def give_back(self, *, waiting_seconds: float = 0.0) -> list[JobRequest]:
        """Let go of the jobs that have waited here for so long, or longer.

        With 0 also of those that the pool has not begun.
        Returns their requests, whose messages are for the caller to put back.
        """
        if waiting_seconds == 0.0:
            self.launches.take_back()
        limit = time.monotonic() - waiting_seconds
        with self._changed:
            arrived, claimed = pick_older(self._arrived, limit), self.launches.pick(limit)
        if unclaim(claimed):
            return arrived + claimed
        self.launches.put_first(claimed)  # they are still ours
        self.calls.soon(self.launches.launch)
        return arrived

    def forget_unbegun(self) -> list[JobRequest]:
        """The same for the jobs that the pool has not begun, for it is about to drop them."""
        unbegun = [request for request in self.launches.given() if not request.stays_in_pool()]
        for request in unbegun:
            self.launches.discard(request)
        unclaim(unbegun)
        return unbegun

    def look(self) -> None:
        """See whether there is room now: the pool may have grown."""
        with self._changed:
            self._changed.notify()

    def leave(self) -> None:
        """Claim and launch nothing from now on."""
        self._is_leaving = True
        self.launches.close()

    def close(self, timeout_seconds: float) -> None:
        """Record what is still to be recorded, within `timeout_seconds`, and end."""
        self.leave()
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(timeout_seconds)

    def _run_errand(self, errand: Callable[[], None]) -> None:
        with self._changed:
            self._errands.append(errand)
            self._changed.notify()
        self._start()

    def _start(self) -> None:
        if self._thread is None:
            self._thread = threading.Thread(target=self._work, name="desk", daemon=True)
            self._thread.start()

    def _work(self) -> None:
        is_open = True
        while is_open:
            try:
                is_open = self._work_once()
            except Exception:  # the edge: this thread is the only one that claims
                logger.exception("desk failed, it goes on")
                time.sleep(1)

    def _work_once(self) -> bool:
        """Wait for something to do, and do it; False when there will be no more."""
        with self._changed:
            self._changed.wait_for(self._has_work)
            if self._is_closed and not self._results:
                return False
            count = count_recordable([result for _, result in self._results[:_MOST]])
            self._recording, self._results = self._results[:count], self._results[count:]
            batch = self._next_batch()
        if self._recording:
            self._attempt(self._record, self._recording, [one for one, _ in self._recording])
        with self._changed:
            self._recording = []
        if batch:
            self._attempt(self._claim, batch, batch)
        while self._errands:
            self._errands.popleft()()
        # Much shorter than the jobs claimed ahead last, and nothing where jobs are few.
        time.sleep(min(_LONGEST_BREATH_SECONDS, self._ahead * _BREATH_SECONDS))
        return True

    def _attempt(self, work: Callable[[Any], None], batch: Any, requests: list[JobRequest]) -> None:
        try:
            work(batch)
        except Exception:  # the edge: whatever becomes of a batch, there is a next one
            logger.exception("batch failed: messages put back, leases lapse: jobs=%d", len(batch))
            self.calls.soon(_all, "put_back", requests)

    def _has_work(self) -> bool:
        return bool(self._results or self._errands or self._is_closed) or self._room() > 0

    def _room(self) -> int:
        """How many of the bells that arrived are to be claimed now; none if below 1."""
        if self._is_leaving or not self._arrived:
            return 0
        return min(self.launches.count_free() + self._ahead, len(self._arrived), _MOST)

    def _next_batch(self) -> list[JobRequest]:
        batch: dict[str, JobRequest] = {}
        for _ in range(self._room()):
            if self._arrived[0].id in batch:
                break  # a doubled bell: in the next batch, where its claim is refused
            request = self._arrived.popleft()
            batch[request.id] = request
        return list(batch.values())

    def _claim(self, batch: list[JobRequest]) -> None:
        claim_id, lease = new_id(), get_settings().lease_seconds
        for request in batch:
            request.hold(claim_id)
        held = [request.held for request in batch]
        bells = {request.id: request.attempts_before for request in batch}
        engine = process.engine()
        answers = insist(
            lambda: claims.claim_many(engine, held, bells, lease),
            patience_seconds=PATIENCE_SECONDS,
        )
        found = list(zip(batch, answers, strict=True))
        self._line_up([one for one, answer in found if answer is ClaimAnswer.CLAIMED])
        # One by one, and perhaps with a call of SQS: nobody else waits for these.
        for request, answer in found:
            if answer is not ClaimAnswer.CLAIMED and is_claimed_late(self.calls, request, answer):
                self._line_up([request])

    def _line_up(self, claimed: list[JobRequest]) -> None:
        """Let claimed jobs be launched, or let go of them if the worker leaves meanwhile."""
        if not self.launches.line_up(claimed):
            unclaim(claimed)
            self.calls.soon(_all, "put_back", claimed)

    def _launch(self, request: JobRequest) -> None:
        try:
            request.launch(self, self._pool)
        except Exception as error:  # the edge: this one ends, the others go on
            logger.exception("job not launched: job_id=%s", request.id)
            self.launches.discard(request)
            self._run_errand(partial(end_unlaunched, self.calls, request, error))

    def _record(self, results: list[_Result]) -> None:
        engine = process.engine()
        found = [(request.held, result) for request, result in results]
        recorded = insist(lambda: success_batches.succeed_many(engine, found))
        for job_id in recorded.lost:
            logger.warning("claim lost, outcome dropped: job_id=%s", job_id)
        done = []
        for request, result in results:
            if request.id in recorded.locked:
                record_alone(self.calls, request, result)
            else:
                done.append(request)
        self.calls.soon(_all, "acknowledge", done)


def _all(what: str, requests: list[JobRequest]) -> None:
    for request in requests:
        getattr(request, what)()
