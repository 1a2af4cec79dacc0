"""Deliveries as their owners see them, and as the worker sends them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, Row, Select, select, update

from chalicelib.db.clock import now
from chalicelib.db.engine import connect
from chalicelib.db.paging import older_than
from chalicelib.db.tables import deliveries, jobs, webhooks
from chalicelib.domain.jobs import FINAL
from chalicelib.domain.webhooks import EventType
from chalicelib.errors import ImmutableObject, NotFound
from chalicelib.schemas.events import Event, EventData
from chalicelib.services import audit
from chalicelib.services import webhooks as webhooks_service
from chalicelib.services.delivery_plans import insert_deliveries, insert_jobs
from chalicelib.services.dispatcher import ring_waiting
from chalicelib.services.idempotency import Once, in_transaction_once
from chalicelib.tracing import trace_columns


class Sending(msgspec.Struct, frozen=True, kw_only=True):
    """What it takes to send a delivery."""

    delivery_id: str
    webhook_id: str
    project_id: str
    url: str
    is_disabled: bool
    #: The present one first; two for a day after a rotation.
    secrets: list[str]
    event_type: str
    payload: dict[str, Any]


def ping(engine: Engine, project_id: str, webhook_id: str, *, once: Once | None = None) -> Row[Any]:
    """Send an event that says nothing, to see whether a webhook works. Returns the delivery.

    Raises:
        NotFound: this project has no such webhook.
        ImmutableObject: it is disabled.
        IdempotencyKeyReused: the key was used for something else.
    """

    def work(connection: Connection) -> str:
        _find_enabled(connection, project_id, webhook_id)
        audit.record(connection, project_id, "webhooks.ping", webhook_id)
        at = connection.execute(select(now())).scalar_one()
        data = EventData(project_id=project_id, message="This is a test.")
        event = Event(type=EventType.PING, timestamp=at, data=data)
        return insert_deliveries(connection, project_id, [(webhook_id, event)], trace_columns())[0]

    return _commit_and_ring(engine, webhook_id, once, work)


def redeliver(
    engine: Engine,
    project_id: str,
    webhook_id: str,
    delivery_id: str,
    *,
    once: Once | None = None,
) -> Row[Any]:
    """Send a delivery again that has ended, well or badly: by a new job, under the same id.

    Raises:
        NotFound: there is no such delivery of this webhook in this project.
        ImmutableObject: it has not ended, or the webhook is disabled.
        IdempotencyKeyReused: the key was used for something else.
    """

    def work(connection: Connection) -> str:
        _find_enabled(connection, project_id, webhook_id)
        row = _find(connection, webhook_id, delivery_id, lock=True)
        if row.state not in FINAL:
            raise ImmutableObject(f"The job of this delivery is {row.state}: it will be sent.")
        (job_id,) = insert_jobs(
            connection, project_id, [delivery_id], [row.parent_id], trace_columns()
        )
        audit.record(connection, project_id, "webhooks.redeliver", delivery_id)
        connection.execute(
            update(deliveries).where(deliveries.c.id == delivery_id).values(job_id=job_id)
        )
        return delivery_id

    return _commit_and_ring(engine, webhook_id, once, work)


def list_newest(
    engine: Engine, project_id: str, webhook_id: str, *, limit: int, after: str | None = None
) -> list[Row[Any]]:
    """Deliveries of a webhook with how their jobs stand, newest first.

    `after`: id of the last row of the page before. Raises NotFound if there is no such
    webhook in this project, or no such delivery of it.
    """
    query = _query().where(deliveries.c.webhook_id == webhook_id)
    with connect(engine) as connection:
        webhooks_service.find(connection, project_id, webhook_id)
        if after is not None:
            query = query.where(older_than(deliveries, _find(connection, webhook_id, after)))
        newest = query.order_by(deliveries.c.created_at.desc(), deliveries.c.id.desc())
        return list(connection.execute(newest.limit(limit)))


def load(engine: Engine, delivery_id: str) -> Sending | None:
    """What it takes to send a delivery; None if it or its webhook was deleted."""
    query = select(
        deliveries.c.id,
        deliveries.c.event_type,
        deliveries.c.payload,
        webhooks.c.id.label("webhook_id"),
        webhooks.c.project_id,
        webhooks.c.url,
        webhooks.c.disabled_at,
        webhooks.c.secret,
        webhooks_service.valid_previous_secret().label("previous_secret"),
    ).join(webhooks, webhooks.c.id == deliveries.c.webhook_id)
    with connect(engine) as connection:
        row = connection.execute(query.where(deliveries.c.id == delivery_id)).one_or_none()
    if row is None:
        return None
    return Sending(
        delivery_id=row.id,
        webhook_id=row.webhook_id,
        project_id=row.project_id,
        url=row.url,
        is_disabled=row.disabled_at is not None,
        secrets=[secret for secret in (row.secret, row.previous_secret) if secret],
        event_type=row.event_type,
        payload=row.payload,
    )


def _commit_and_ring(
    engine: Engine, webhook_id: str, once: Once | None, work: Callable[[Connection], str]
) -> Row[Any]:
    def work_once(connection: Connection) -> tuple[Row[Any], list[str]]:
        delivery_id = work(connection)
        return _find(connection, webhook_id, delivery_id), [delivery_id]

    def replay(ids: Sequence[str]) -> Row[Any]:
        with connect(engine) as connection:
            return _find(connection, webhook_id, ids[0])

    row = in_transaction_once(engine, once, work_once, replay)
    if once is None or not once.is_replay:
        ring_waiting(engine, row.job_id)
    return row


def _query() -> Select[Any]:
    columns = (jobs.c.state, jobs.c.attempts, jobs.c.run_at, jobs.c.error, jobs.c.parent_id)
    return select(deliveries, *columns).join(jobs, jobs.c.id == deliveries.c.job_id)


def _find(
    connection: Connection, webhook_id: str, delivery_id: str, *, lock: bool = False
) -> Row[Any]:
    query = _query().where(deliveries.c.id == delivery_id, deliveries.c.webhook_id == webhook_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound(f"There is no delivery {delivery_id} of this webhook.")
    return row


def _find_enabled(connection: Connection, project_id: str, webhook_id: str) -> None:
    webhook = webhooks_service.find(connection, project_id, webhook_id)
    if webhook.disabled_at is not None:
        raise ImmutableObject("This webhook is disabled: enable it, then send.")
