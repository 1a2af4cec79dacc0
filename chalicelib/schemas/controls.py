"""What a request may say of pauses and limits, and what an answer does say."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from msgspec import Meta, Struct

from chalicelib.schemas.views import View


class NewLimit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of a request that limits a queue or task, in the place of the limit that it has."""

    #: So many jobs may begin in any `rate_seconds`; any number if this is left out.
    rate_count: (
        Annotated[int, Meta(ge=1, le=10_000, description="a number from 1 to 10000")] | None
    ) = None
    rate_seconds: Annotated[
        int, Meta(ge=1, le=86_400, description="a number of seconds from 1 to 86400, a day")
    ] = 1
    #: So many may run at the same time; any number if this is left out.
    at_once: (
        Annotated[int, Meta(ge=1, le=10_000, description="a number from 1 to 10000")] | None
    ) = None

    def __post_init__(self) -> None:
        if self.rate_count is None and self.at_once is None:
            raise ValueError("Expected rate_count, at_once or both.")


class ControlView(View, frozen=True, kw_only=True):
    """A queue or task that is paused or limited."""

    #: queue or task.
    scope: str
    name: str
    paused_at: datetime | None
    rate_count: int | None
    rate_seconds: int | None
    at_once: int | None


class ControlsAnswer(Struct, frozen=True):
    """Answer with all queues and tasks that are paused or limited."""

    limits: list[ControlView]


class ResumedAnswer(Struct, frozen=True):
    """Answer to a queue or task that was resumed."""

    #: Held jobs that may begin again.
    let_go: int
