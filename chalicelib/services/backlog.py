"""How much work waits for how many workers: what scaling and alarms go by.

The numbers go to CloudWatch as lines of the log, see `chalicelib.emf`.
"""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Connection, Engine, Select, func, select

from chalicelib import emf
from chalicelib.broker.queues import QUEUES
from chalicelib.db.clock import now, seconds_from_now
from chalicelib.db.engine import connect
from chalicelib.db.tables import controls, jobs, workers
from chalicelib.domain.jobs import WAITING, JobState

logger = logging.getLogger(__name__)

#: Rows counted at most: beyond that "very many" is all that matters, and it stays cheap.
_MOST = 100_000
#: The dispatch that measures comes once in so many seconds.
_PERIOD_SECONDS = 60
#: A worker whose heartbeat is older does not work.
_ALIVE_SECONDS = 30


class QueueBacklog(msgspec.Struct, frozen=True):
    """What waits in one queue."""

    name: str
    #: Jobs that may run now and have no worker.
    waiting: int
    #: Seconds that the oldest of those has been allowed to run.
    oldest_waiting_seconds: float


class Backlog(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the whole deployment; counts stop at 100,000."""

    #: Of every queue, in their order.
    queues: list[QueueBacklog]
    running: int
    #: Jobs that ended in the last minute, however they did, and those that ended as FAILURE.
    ended: int
    failed: int
    #: Workers with a fresh heartbeat.
    workers: int
    #: Upstreams that are out of order.
    breakers_open: int

    @property
    def waiting(self) -> int:
        """Jobs that may run now and have no worker."""
        return sum(queue.waiting for queue in self.queues)

    @property
    def oldest_waiting_seconds(self) -> float:
        """Seconds that the oldest of those has been allowed to run."""
        return max(queue.oldest_waiting_seconds for queue in self.queues)

    def metrics(self) -> dict[str, float]:
        """CloudWatch's names for it, and what scaling asks: see infra/scaling.tf."""
        return {
            "JobsWaiting": self.waiting,
            "JobsRunning": self.running,
            "JobsEnded": self.ended,
            "JobsFailed": self.failed,
            "OldestWaitingSeconds": self.oldest_waiting_seconds,
            "Workers": self.workers,
            "BacklogPerWorker": self.waiting / max(self.workers, 1),
            "BacklogWithoutWorkers": 0 if self.workers else self.waiting,
            "CircuitBreakersOpen": self.breakers_open,
        }


def report_backlog(engine: Engine, deployment: str) -> Backlog:
    """Measure, and write the metrics of `deployment` into the log; returns what was measured."""
    backlog = measure_backlog(engine)
    line = emf.facts(deployment, backlog.metrics())
    logger.info("backlog measured: waiting=%d", backlog.waiting, extra=line)
    for queue in backlog.queues:
        of_queue = {
            "QueueDepth": queue.waiting,
            "QueueOldestWaitingSeconds": queue.oldest_waiting_seconds,
        }
        line = emf.facts(deployment, of_queue, Queue=queue.name)
        logger.info("queue measured: %s waiting=%d", queue.name, queue.waiting, extra=line)
    return backlog


def measure_backlog(engine: Engine) -> Backlog:
    """Count what waits, runs and has just ended. Raises DatabaseUnavailable."""
    states = sorted(state.value for state in WAITING)
    with connect(engine) as connection:
        due = _some(jobs.c.state.in_(states), jobs.c.run_at <= now(), jobs.c.queue.in_(QUEUES))
        by_queue = select(due.c.queue, func.count(), func.min(due.c.run_at), now())
        found = connection.execute(by_queue.group_by(due.c.queue)).all()
        waiting = {
            queue: QueueBacklog(queue, count, (at - since).total_seconds())
            for queue, count, since, at in found
        }
        running = _some(jobs.c.state == JobState.STARTED.value, jobs.c.queue.in_(QUEUES))
        ended = _some(jobs.c.finished_at > seconds_from_now(-_PERIOD_SECONDS))
        by_state = select(ended.c.state, func.count()).group_by(ended.c.state)
        counts: dict[str, int] = dict(connection.execute(by_state).all())
        alive = workers.c.last_heartbeat_at > seconds_from_now(-_ALIVE_SECONDS)
        return Backlog(
            queues=[waiting.get(name, QueueBacklog(name, 0, 0.0)) for name in QUEUES],
            running=_count(connection, select(func.count()).select_from(running)),
            ended=sum(counts.values()),
            failed=counts.get(JobState.FAILURE.value, 0),
            workers=_count(connection, select(func.count()).where(alive)),
            breakers_open=_count(
                connection, select(func.count()).where(controls.c.opened_at.is_not(None))
            ),
        )


def _some(*conditions: ColumnElement[bool]) -> Any:
    return (
        select(jobs.c.state, jobs.c.queue, jobs.c.run_at).where(*conditions).limit(_MOST).subquery()
    )


def _count(connection: Connection, query: Select[int]) -> int:
    (count,) = connection.execute(query).one()
    return count
