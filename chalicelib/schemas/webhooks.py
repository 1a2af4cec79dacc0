"""What a request may say of a webhook, and what answers say of it and its deliveries."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from typing import Annotated, Any, Literal, Self

from msgspec import Meta, Struct, field

from chalicelib.domain.jobs import HELD, WAITING, JobState
from chalicelib.schemas.fields import Page
from chalicelib.schemas.views import View

Url = Annotated[
    str, Meta(min_length=1, max_length=2048, description="an address of 1 to 2048 characters")
]
Pattern = Literal[
    "*",
    "load_balancer.*",
    "server.*",
    "job.*",
    "load_balancer.active",
    "load_balancer.updated",
    "load_balancer.deleted",
    "load_balancer.error",
    "server.active",
    "server.updated",
    "server.rebooted",
    "server.deleted",
    "server.error",
    "job.succeeded",
    "job.failed",
    "job.revoked",
]
Patterns = Annotated[
    list[Pattern], Meta(min_length=1, max_length=10, description="a list of 1 to 10 event types")
]
Secret = Annotated[
    str,
    Meta(
        pattern=r"^whsec_[A-Za-z0-9+/]{32,88}={0,2}\Z",
        description="whsec_ and 24 to 64 random bytes in base64",
    ),
]

#: A field that was left out of a change.
_LEFT_OUT: Any = None


class NewWebhook(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of a request that creates one."""

    url: Url
    events: Patterns = field(default_factory=lambda: ["*"])
    #: Made here if it is left out.
    secret: Secret | None = None

    def __post_init__(self) -> None:
        if self.secret is not None:
            _require_key(self.secret)


class JobWebhook(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a job's own end is to be told."""

    url: Url
    #: Its signatures are made with it; no answer shows it.
    secret: Secret

    def __post_init__(self) -> None:
        _require_key(self.secret)


class ChangedWebhook(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of a request that changes one."""

    url: Url = _LEFT_OUT
    events: Patterns = _LEFT_OUT
    is_enabled: bool = _LEFT_OUT

    def __post_init__(self) -> None:
        if all(getattr(self, name) is None for name in self.__struct_fields__):
            raise ValueError("Expected at least one field to change.")


class WebhookPage(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Query of a request that lists webhooks."""

    #: true: those that came with a job or a record and hear of it alone; false: the others.
    one_off: bool | None = None


class WebhookView(View, frozen=True, kw_only=True):
    """One webhook in an answer."""

    id: str
    url: str
    events: list[str]
    #: The only job that it hears of, of a one-off webhook.
    job_id: str | None
    is_enabled: bool
    disabled_at: datetime | None
    disabled_reason: str | None
    #: Until then the secret before the last rotation signs as well.
    previous_secret_expires_at: datetime | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_row(cls, row: Any, **other: Any) -> Self:
        """`row`: of webhooks."""
        return super().from_row(row, is_enabled=row.disabled_at is None, **other)


class WebhookWithSecret(WebhookView, frozen=True, kw_only=True):
    """A webhook with its secret, which is shown when it is made and when it is rotated."""

    secret: str


class WebhooksAnswer(Struct, frozen=True):
    """Answer with one page of webhooks, newest first."""

    webhooks: list[WebhookView]
    next: str | None


class DeliveryView(View, frozen=True, kw_only=True):
    """One delivery in an answer, and how its job stands."""

    #: What the receiver sees as webhook-id.
    id: str
    webhook_id: str
    event_type: str
    payload: dict[str, Any]
    created_at: datetime
    job_id: str
    #: State of the job that sends it: SUCCESS if the receiver answered with 2xx.
    state: JobState
    attempts: int
    #: When the next attempt is due, while there is to be one; null also while nobody can say, since
    #: its job is held.
    next_attempt_at: datetime | None
    #: Why the last attempt failed.
    error: str | None

    @classmethod
    def from_row(cls, row: Any, **other: Any) -> Self:
        """`row`: of deliveries, with columns of its job."""
        waits = row.state in WAITING and row.run_at != HELD
        error = row.error["message"] if row.error and row.state != "SUCCESS" else None
        return super().from_row(
            row, next_attempt_at=row.run_at if waits else None, error=error, **other
        )


class DeliveriesAnswer(Struct, frozen=True):
    """Answer with one page of deliveries, newest first."""

    deliveries: list[DeliveryView]
    next: str | None


def _require_key(secret: str) -> None:
    try:
        key = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except binascii.Error as error:
        raise ValueError("Expected base64 behind whsec_.") from error
    if not 24 <= len(key) <= 64:
        raise ValueError("Expected a secret of 24 to 64 bytes.")
