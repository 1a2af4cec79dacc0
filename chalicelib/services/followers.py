"""What Celery's canvas has follow a job is told when that job ends without success.

A job of its own does it, written in the transaction that ends the other: what ends jobs may
be the API or the dispatcher, which have no Celery, and whoever it is may die just then.
"""

from __future__ import annotations

import logging
from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine, Row, insert, select

from chalicelib import enqueued
from chalicelib.broker.contracts.canvas import FAIL_FOLLOWERS, FailFollowers
from chalicelib.db.clock import now
from chalicelib.db.engine import after_commit, connect
from chalicelib.db.tables import jobs
from chalicelib.domain.ids import new_id
from chalicelib.domain.jobs import JobState
from chalicelib.errors import DatabaseUnavailable

logger = logging.getLogger(__name__)

#: What of a message's embed hears of a failure.
_FOLLOWERS = ("chain", "chord", "errbacks")
_WITHOUT_SUCCESS = (JobState.FAILURE.value, JobState.REVOKED.value)


def plan_failure(connection: Connection, row: Row[Any]) -> None:
    """Plan that those who follow a job hear that it ended without success, if any do.

    `row`: of a job that ends in this transaction. It is rung after the commit; if that
    fails, on the next beat.
    """
    embed = (row.message or {}).get("embed") or {}
    if not any(embed.get(name) for name in _FOLLOWERS):
        return
    job_id = new_id()
    connection.execute(
        insert(jobs).values(
            id=job_id,
            project_id=row.project_id,
            task=FAIL_FOLLOWERS.name,
            queue=FAIL_FOLLOWERS.queue,
            parameters=FailFollowers(job_id=row.id),
            state=JobState.PENDING.value,
            created_at=now(),
            run_at=now(),
            attempts=0,
            max_attempts=FAIL_FOLLOWERS.retry.max_attempts,
            parent_id=row.id,
            request_id=row.request_id,
            traceparent=row.traceparent,
        )
    )
    after_commit(connection, lambda _: enqueued.count([FAIL_FOLLOWERS.name]))
    after_commit(connection, partial(_ring, job_id=job_id))


def read_failed(engine: Engine, job_id: str) -> Row[Any] | None:
    """The row of a job that ended without success; None if it runs again, or is gone."""
    with connect(engine) as connection:
        return connection.execute(
            select(jobs).where(jobs.c.id == job_id, jobs.c.state.in_(_WITHOUT_SUCCESS))
        ).one_or_none()


def _ring(engine: Engine, job_id: str) -> None:
    from chalicelib.services.dispatcher import ring_waiting  # which ends jobs, and so plans itself

    try:
        ring_waiting(engine, job_id)
    except DatabaseUnavailable as error:
        logger.warning("followers not rung, a dispatcher will: %s", error.__cause__ or error)
