"""The beat: every few seconds a worker says that it lives, keeps what it holds, and dispatches.

Two threads: what asks SQS may wait for it much longer than a lease lasts, so leases and
orders, which only need the database, do not wait for that.
"""

from __future__ import annotations

import logging
import os
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

from celery import bootsteps
from celery.concurrency import solo
from celery.signals import worker_shutdown

from chalicelib.broker.queues import VISIBILITY_SECONDS
from chalicelib.errors import DatabaseUnavailable
from chalicelib.services import dispatcher, leases, workers
from chalicelib.services.workers import WorkerFacts
from chalicelib.settings import get_settings
from worker import process
from worker.cancelling import Canceller
from worker.health import note_health
from worker.leaving import Leaver
from worker.metrics import METRICS, MetricsServer, serve_metrics
from worker.scale_in import ScaleInProtection
from worker.visibility import VisibilityKeeper
from worker.watchdog import find_deaf_queue

logger = logging.getLogger(__name__)

#: Every so many seconds a worker also prunes dead workers and cleans old rows.
_HOUSEKEEPING_SECONDS = 60.0
#: Beats after an outage of the database in which nobody's jobs are rescued: every lease may
#: have lapsed meanwhile, and its worker be well.
_BEATS_AFTER_OUTAGE = 2.5
#: Seconds that a message waits in a worker whose pool is full, before others may take it.
_STALE_SECONDS = 10.0
#: Seconds to wait at the end for outcomes to be recorded; after that their leases lapse.
_RECORD_SECONDS = 10.0
#: Exit status of a worker that the watchdog ended (EX_UNAVAILABLE of sysexits.h).
_DEAF_EXIT_CODE = 69


class BeatStep(bootsteps.StartStopStep):  # type: ignore[misc]  # celery has no types
    """Runs the beat in a thread of the worker's main process."""

    requires = {"celery.worker.components:Pool"}  # noqa: RUF012 - as Celery's own steps declare it

    def __init__(self, parent: Any, **options: Any) -> None:
        self.beat: Beat | None = None
        super().__init__(parent, **options)

    def start(self, parent: Any) -> None:
        self.beat = Beat(parent)
        self.beat.start()
        # Not this step's stop: leases are kept until the pool has ended, after all steps.
        worker_shutdown.connect(self._on_shutdown, weak=False)

    def _on_shutdown(self, **_: Any) -> None:
        if self.beat is not None:
            self.beat.stop()


class Beat(threading.Thread):
    """One worker's beat: leases and orders in this thread, SQS and dispatch in another."""

    def __init__(self, controller: Any) -> None:
        super().__init__(name="beat", daemon=True)
        self._controller = controller
        self._settings = get_settings()
        self._stopped = threading.Event()
        self._canceller = Canceller(controller, self._settings.cancel_grace_seconds)
        self._visibility = VisibilityKeeper(VISIBILITY_SECONDS)
        self._protection = ScaleInProtection(self._settings.ecs_agent_uri)
        self._leaver = Leaver(controller, self._settings.shutdown_grace_seconds)
        self._housekept_at = 0.0
        self._metrics_server: MetricsServer | None = None
        #: Monotonic time at which the database was last found to be away.
        #: A worker that has just begun cannot know, and may have been begun for that.
        self._away_at = time.monotonic()
        self._dispatching = threading.Thread(
            target=self._repeat, args=(self._dispatch,), name="dispatch", daemon=True
        )
        self._facts = WorkerFacts(
            id=process.WORKER_ID,
            hostname=socket.gethostname(),
            pid=os.getpid(),
            concurrency=int(controller.concurrency or 1),
            queues=sorted(controller.app.amqp.queues.consume_from),
        )

    def stop(self) -> None:
        """End the beat and sign off; called when everything else has stopped."""
        if (desk := process.find_desk(self._controller)) is not None:
            desk.close(_RECORD_SECONDS)
            desk.calls.run_if_loop_ended()
        self._stopped.set()
        self._leaver.cancel()
        if self._metrics_server is not None:
            self._metrics_server.stop()
        for thread in (self, self._dispatching):
            if thread.is_alive():
                thread.join(timeout=5)
        try:
            workers.deregister(process.engine(), process.WORKER_ID)
        except DatabaseUnavailable:
            logger.warning("worker not deregistered: it will be pruned")

    def run(self) -> None:
        self._leaver.listen()
        self._metrics_server = serve_metrics(self._settings)
        self._dispatching.start()
        self._repeat(self._beat)

    def _repeat(self, work: Callable[[], None]) -> None:
        is_database_away = False
        while True:
            try:
                work()
                if is_database_away:
                    logger.info("database back")
                is_database_away = False
            except DatabaseUnavailable as error:
                if not is_database_away:
                    logger.warning("database away, beats go on: %s", error.__cause__ or error)
                is_database_away = True
                self._away_at = time.monotonic()
            except Exception:  # the edge: whatever a beat meets, there is a next one
                logger.exception("beat failed")
            if self._stopped.wait(self._settings.beat_seconds):
                return

    def _beat(self) -> None:
        self._give_back_stale()
        in_hand = [request.id for request in self._requests_in_hand()]
        self._protection.update(is_busy=bool(in_hand))
        channel = process.find_channel(self._controller)
        if channel is not None:
            self._leaver.watch(channel)
            # A solo pool works in the event loop itself: silence then means a long job.
            is_solo = isinstance(self._controller.pool, solo.TaskPool)
            if not is_solo and (reason := find_deaf_queue(channel.heard)):
                logger.critical("watchdog: %s", reason)
                self._leaver.leave_now(_DEAF_EXIT_CODE, reason)
        engine, lease_seconds = process.engine(), self._settings.lease_seconds
        leases.extend(engine, process.WORKER_ID, in_hand, lease_seconds)
        note_health(self._settings.health_file)
        workers.heartbeat(engine, self._facts, self._heard(channel))
        self._canceller.obey(leases.read_orders(engine, process.WORKER_ID, in_hand))

    def _requests_in_hand(self) -> list[Any]:
        desk = process.find_desk(self._controller)
        return process.running_requests() if desk is None else desk.in_hand()

    def _give_back_stale(self) -> None:
        """Long jobs may have begun with short ones behind them: others can take those."""
        desk = process.find_desk(self._controller)
        if desk is not None:
            desk.look()
            for request in desk.give_back(waiting_seconds=_STALE_SECONDS):
                desk.calls.soon(request.put_back)

    def _dispatch(self) -> None:
        engine, settings = process.engine(), self._settings
        channel = process.find_channel(self._controller)
        if channel is not None:
            self._visibility.extend(channel)  # does not wait for the database
        since_away = time.monotonic() - self._away_at
        done = dispatcher.dispatch_due(
            engine, may_rescue=since_away > _BEATS_AFTER_OUTAGE * settings.beat_seconds
        )
        if done.rescued:
            METRICS.rescued(done.rescued)
        if time.monotonic() - self._housekept_at > _HOUSEKEEPING_SECONDS:
            self._housekept_at = time.monotonic()
            if settings.deployment is not None:
                METRICS.log_for_cloudwatch(settings.deployment)
            dispatcher.keep_house(
                engine,
                lease_seconds=settings.lease_seconds,
                retention_days=settings.retention_days,
                audit_retention_days=settings.audit_retention_days,
            )

    def _heard(self, channel: Any) -> dict[str, float]:
        if channel is None:
            return {}
        at = time.monotonic()
        ages = {queue: heard.age_seconds(at) for queue, heard in list(channel.heard.items())}
        return {queue: age for queue, age in ages.items() if age is not None}
