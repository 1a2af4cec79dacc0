"""What a request may say of pauses and limits, and what an answer does say."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta, Struct

from chalicelib.schemas.views import View


class NewLimit(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of a request that limits a queue, task or upstream, instead of the limit that it has."""

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
    """A queue, task or upstream that is paused or limited."""

    #: queue, task or upstream.
    scope: str
    name: str
    paused_at: datetime | None
    rate_count: int | None
    rate_seconds: int | None
    at_once: int | None


class ControlsAnswer(Struct, frozen=True):
    """Answer with all queues, tasks and upstreams that are paused or limited."""

    limits: list[ControlView]


class BreakerView(Struct, frozen=True, kw_only=True):
    """The circuit breaker of an upstream: while it is open no job of the upstream begins."""

    #: The kind of cloud and the place in it, or the name that tasks gave.
    upstream: str
    #: closed: jobs begin. open: they wait. half_open: one tries whether the upstream is back.
    state: Literal["closed", "open", "half_open"] = "closed"
    #: Of the upstream itself since its last success.
    failures: int = 0
    #: What kind of error the last one was.
    last_error_type: str | None = None
    opened_at: datetime | None = None
    #: From when on one job may try; null while it is open: it was opened by hand, and is closed
    #: by hand.
    next_probe_at: datetime | None = None
    #: The job that tries, if it is the caller's project's: jobs of others are named to nobody else.
    probe_job_id: str | None = None
    #: Jobs of all projects that it holds, counted up to 10,000.
    waiting: int = 0


class BreakersAnswer(Struct, frozen=True):
    """Answer with the circuit breakers of all upstreams."""

    circuit_breakers: list[BreakerView]


class ResumedAnswer(Struct, frozen=True):
    """Answer to a queue or task that was resumed."""

    #: Held jobs that may begin again.
    let_go: int
