"""Plans deliveries in the transaction of what they tell of; jobs of their own send them."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from sqlalchemy import Connection, Engine, and_, exists, insert, or_, select

from chalicelib import enqueued
from chalicelib.broker.contracts.notifications import DELIVER, Deliver
from chalicelib.broker.queues import NOTIFICATIONS
from chalicelib.db.clock import now
from chalicelib.db.engine import after_commit
from chalicelib.db.tables import deliveries, jobs, webhooks
from chalicelib.domain.ids import new_id
from chalicelib.domain.jobs import JobState
from chalicelib.domain.webhooks import wants
from chalicelib.errors import DatabaseUnavailable
from chalicelib.schemas.events import Event
from chalicelib.services.events import describe_end

if TYPE_CHECKING:
    from chalicelib.services.outcomes import Fault, JobFacts


logger = logging.getLogger(__name__)

#: In SQL, of a row of jobs: whether some webhook hears of its end. For statements that are
#: sent anyway, so that a job that nobody hears of costs none more.
IS_WATCHED = and_(
    jobs.c.task != DELIVER.name,
    exists().where(
        webhooks.c.project_id == jobs.c.project_id,
        webhooks.c.disabled_at.is_(None),
        or_(webhooks.c.job_id.is_(None), webhooks.c.job_id == jobs.c.id),
    ),
).label("is_watched")


def plan_deliveries(
    connection: Connection, job: JobFacts, state: JobState, fault: Fault | None = None
) -> None:
    """Plan what is to be told of a job that ends, in the transaction that ends it.

    To be called when the job's record has changed, and for a job that IS_WATCHED. What is
    planned is rung after the commit; if that fails, on the next beat.
    """
    listening = connection.execute(
        select(webhooks.c.id, webhooks.c.events, now().label("at")).where(
            webhooks.c.project_id == job.project_id,
            webhooks.c.disabled_at.is_(None),
            or_(webhooks.c.job_id.is_(None), webhooks.c.job_id == job.id),
        )
    ).all()
    if not listening:
        return
    events = list(describe_end(connection, job, state, fault, listening[0].at))
    wanted = [
        (row.id, event) for event in events for row in listening if wants(row.events, event.type)
    ]
    if insert_deliveries(connection, job.project_id, wanted, job.trace):
        after_commit(connection, _ring)


def _ring(engine: Engine) -> None:
    from chalicelib.services.dispatcher import ring_due  # which ends jobs, and so plans itself

    try:
        ring_due(engine, (NOTIFICATIONS,))
    except DatabaseUnavailable as error:
        logger.warning("deliveries not rung, a dispatcher will: %s", error.__cause__ or error)


def insert_deliveries(
    connection: Connection,
    project_id: str,
    wanted: Sequence[tuple[str, Event]],
    trace: dict[str, Any],
) -> list[str]:
    """Insert deliveries, given by webhook and event, with their jobs; returns their ids.

    `trace`: where their jobs come from, as `chalicelib.tracing.trace_columns` has it.
    """
    new = [
        {
            "id": new_id(),
            "project_id": project_id,
            "webhook_id": webhook_id,
            "event_type": event.type.value,
            "payload": event,
            "created_at": now(),
        }
        for webhook_id, event in wanted
    ]
    if not new:
        return []
    ids = [str(values["id"]) for values in new]
    told = [event.data.job for _, event in wanted]
    parent_ids = [None if job is None else job.id for job in told]
    job_ids = insert_jobs(connection, project_id, ids, parent_ids, trace)
    rows = [{**values, "job_id": job_id} for values, job_id in zip(new, job_ids, strict=True)]
    connection.execute(insert(deliveries).values(rows))
    return ids


def insert_jobs(
    connection: Connection,
    project_id: str,
    delivery_ids: Sequence[str],
    parent_ids: Sequence[str | None],
    trace: dict[str, Any],
) -> list[str]:
    """Insert the jobs that send deliveries, their bells to be rung; returns their ids.

    `parent_ids`: for each the job that it tells of.
    """
    rows = [
        {
            "id": new_id(),
            "project_id": project_id,
            "task": DELIVER.name,
            "queue": DELIVER.queue,
            "parameters": Deliver(delivery_id=delivery_id),
            "state": JobState.PENDING.value,
            "created_at": now(),
            "run_at": now(),
            "attempts": 0,
            "max_attempts": DELIVER.retry.max_attempts,
            "parent_id": parent_id,
            **trace,
        }
        for delivery_id, parent_id in zip(delivery_ids, parent_ids, strict=True)
    ]
    connection.execute(insert(jobs).values(rows))
    after_commit(connection, lambda _: enqueued.count([DELIVER.name] * len(rows)))
    return [str(row["id"]) for row in rows]
