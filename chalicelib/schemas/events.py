"""The payloads of webhooks: what is told of an event."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from chalicelib.domain.webhooks import EventType
from chalicelib.schemas.load_balancers import LoadBalancerView
from chalicelib.schemas.servers import ServerView


class EventJob(msgspec.Struct, frozen=True, kw_only=True):
    """The job that an event is about, or that brought it about."""

    id: str
    task: str
    #: SUCCESS, FAILURE or REVOKED.
    state: str
    #: How many attempts were begun.
    attempts: int


class EventFault(msgspec.Struct, frozen=True, kw_only=True):
    """What failed, and what its owner can do."""

    #: Stable: match on it.
    code: str
    message: str
    advice: str | None = None


class EventData(msgspec.Struct, frozen=True, kw_only=True):
    """What an event tells."""

    project_id: str
    #: A sentence for people.
    message: str
    job: EventJob | None = None
    #: As `GET /loadbalancers/{id}` answers; in events of load balancers.
    load_balancer: LoadBalancerView | None = None
    #: As `GET /servers/{id}` answers; in events of servers.
    server: ServerView | None = None
    #: Grows with each event of one record: of two, the higher one is the later.
    sequence: int | None = None
    fault: EventFault | None = None


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a webhook."""

    type: EventType
    #: When it happened.
    timestamp: Annotated[datetime, Meta(tz=True)]
    data: EventData


def event_schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of a webhook's body, as docs/webhook-event.schema.json."""
    dialect = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    return dialect | msgspec.json.schema(Event)
