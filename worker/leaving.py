"""How a worker leaves: on SIGTERM it finishes what it can, and gives back what it cannot."""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

from billiard.pool import CLOSE
from celery.signals import worker_shutting_down

from chalicelib.errors import DatabaseUnavailable
from chalicelib.services import job_lifecycle, workers
from chalicelib.services.claims import Claim
from chalicelib.services.job_lifecycle import Ended
from chalicelib.services.jobs import ring_committed
from worker import process

logger = logging.getLogger(__name__)

#: Seconds to wait for polls under way to be ended, which Celery's event loop does.
_DRAIN_SECONDS = 5.0
#: Seconds that a process which leaves in a hurry has for recording what has ended.
_RECORD_SECONDS = 3.0
#: Seconds that all of this may take when the worker is told to stop at once.
_HURRY_SECONDS = 15.0
_AT_ONCE = "told to stop at once"


class Leaver:
    """Gives messages back when the worker is told to stop, and jobs when the grace is over.

    The first SIGTERM is Celery's warm shutdown, which waits for running tasks without
    limit; here the wait has an end. A second SIGTERM ends it at once, and so does Celery's cold
    shutdown (SIGQUIT, or SIGTERM with REMAP_SIGTERM=SIGQUIT).
    """

    def __init__(self, controller: Any, grace_seconds: float) -> None:
        self._controller = controller
        self._grace_seconds = grace_seconds
        self._timer: threading.Timer | None = None
        self._channel: Any = None

    def listen(self) -> None:
        """Begin to hear of shutdowns."""
        worker_shutting_down.connect(self._on_shutting_down, weak=False)

    def watch(self, channel: Any) -> None:
        """Remember the channel: Celery forgets it early in a shutdown."""
        if channel is not None:
            self._channel = channel

    def cancel(self) -> None:
        """The worker has stopped by itself: release what its pool left, flush what SQS is to hear.

        Who stops a worker often signals its pool too. A process that ends with a job which it has
        not begun leaves it to others of the pool, of which there are none any more.
        """
        if self._timer is not None:
            self._timer.cancel()
        desk = process.find_desk(self._controller)
        left = [] if desk is None else desk.launches.given() + desk.launches.waiting()
        released = [_release(request, "its pool has ended") for request in left]
        bells = [each.bell for each in released if each is not None and each.bell is not None]
        ring_committed(process.engine(), bells)
        if self._channel is not None:
            self._channel.outbox.close()

    def _on_shutting_down(self, how: str = "Warm", **_: Any) -> None:
        """Runs in a signal handler, which may have met the main thread in any line.

        When told to stop at once it works in that thread: another would wait for the locks which
        that holds, and those of this worker can be taken again by who has them.
        """
        self.watch(process.find_channel(self._controller))
        before = self._timer
        if before is not None:
            before.cancel()
        if how == "Cold":  # when it returns, Celery ends the process
            self._begin_timer(_HURRY_SECONDS, os._exit, 1)
            self.leave_now(0, _AT_ONCE)
        elif before is not None:
            self._begin_timer(0.0, self.leave_now, 0, _AT_ONCE)
        else:
            if self._channel is not None:
                self._channel.is_draining = True
            threading.Thread(target=self._give_back, daemon=True).start()
            self._begin_timer(self._grace_seconds, self.leave_now, 0, "the grace is over")

    def _begin_timer(self, seconds: float, work: Callable[..., object], *arguments: object) -> None:
        self._timer = threading.Timer(seconds, work, arguments)
        self._timer.daemon = True
        self._timer.start()

    def _give_back(self) -> None:
        """Put back what was received and not begun, so that other workers take it at once."""
        desk = process.find_desk(self._controller)
        if desk is not None:
            desk.leave()
            desk.give_back()
        if self._channel is None:
            return
        self._channel.has_drained.wait(_DRAIN_SECONDS)
        if desk is not None:
            desk.give_back()  # what the last polls brought
        begun = process.running_requests() if desk is None else desk.in_hand()
        kept = {request.message.delivery_tag for request in begun}
        self._channel.give_back(lambda tag: tag not in kept)

    def leave_now(self, exit_code: int, reason: str) -> None:
        """Release every job in hand, put every message back, kill the pool, and exit."""
        process.is_leaving.set()
        try:
            self._let_go(reason)
        finally:  # whatever went wrong: leases lapse, messages reappear, and the process ends
            logging.shutdown()
            sys.stdout.flush()
            os._exit(exit_code)

    def _let_go(self, reason: str) -> None:
        desk = process.find_desk(self._controller)
        if desk is not None:
            desk.leave()
            desk.launches.take_back()
        running = process.running_requests() if desk is None else desk.launches.given()
        logger.warning("leaving: jobs_released=%d reason=%s", len(running), reason)
        self._kill_pool()
        if desk is not None:
            desk.close(_RECORD_SECONDS)
            desk.give_back()
        for request in running:
            _release(request, reason)
        if self._channel is not None:
            self._channel.give_back(lambda tag: True)
            self._channel.outbox.close(timeout_seconds=5)
        try:
            workers.deregister(process.engine(), process.WORKER_ID)
        except DatabaseUnavailable:
            logger.warning("worker not deregistered: it will be pruned")

    def _kill_pool(self) -> None:
        """First of all, so that no job goes on here after it was released."""
        pool = getattr(self._controller.pool, "_pool", None)
        if pool is not None:
            pool._state = CLOSE  # noqa: SLF001 - or others would begin in their place
        for child in list(getattr(pool, "_pool", None) or []):
            try:
                os.kill(child.pid, signal.SIGKILL)
            except (ProcessLookupError, TypeError, AttributeError):
                continue


def _release(request: Any, reason: str) -> Ended | None:
    """Give a job back; None if it was lost or has ended, or the database is away."""
    headers = request.request_dict
    held = Claim(job_id=request.id, claim_id=headers["claim_id"], worker_id=headers["worker_id"])
    try:
        return job_lifecycle.release(process.engine(), held, f"its worker stopped: {reason}")
    except DatabaseUnavailable:
        logger.warning("job not released, its lease will lapse: job_id=%s", request.id)
        return None
