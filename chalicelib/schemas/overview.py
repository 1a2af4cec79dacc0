"""What an answer says of everything at once: is it moving, and what is wrong if not."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from msgspec import Struct

from chalicelib.schemas.controls import BreakerView
from chalicelib.schemas.fleet import QueueView


class OverviewWindow(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Query of a request for the overview."""

    #: How far back it looks.
    window: Literal["hour", "day"] = "hour"


class OverviewPoint(Struct, frozen=True, kw_only=True):
    """Jobs of the project that ended within one step of the chart."""

    #: When the step begins.
    at: datetime
    succeeded: int
    failed: int
    revoked: int
    #: Seconds that half of those that began in it, and 95 %, had waited at most; null: none did.
    wait_p50: float | None
    wait_p95: float | None


class FailureGroup(Struct, frozen=True, kw_only=True):
    """Jobs of one task that failed for the same kind of reason."""

    task: str
    error_type: str
    #: Of the last one.
    message: str
    count: int
    last_at: datetime
    last_job_id: str


class WorkersNow(Struct, frozen=True, kw_only=True):
    """The fleet."""

    alive: int
    #: Jobs that they can run at once.
    capacity: int
    #: Jobs that they run, of all projects.
    running: int


class Paused(Struct, frozen=True, kw_only=True):
    """Something that lets no job begin."""

    #: queue, task, schedule or webhook.
    kind: str
    name: str
    since: datetime


class OverviewAnswer(Struct, frozen=True, kw_only=True):
    """The state of the project, its queues and the workers."""

    at: datetime
    window: str
    step_seconds: int
    #: Oldest first, without a gap; the last one is not over.
    points: list[OverviewPoint]
    succeeded: int
    failed: int
    revoked: int
    wait_p50: float | None
    wait_p95: float | None
    #: Jobs of the project that ended in the last minute that is over.
    last_minute: int
    queues: list[QueueView]
    workers: WorkersNow
    #: What failed most, among the last 500 that failed within the window.
    failures: list[FailureGroup]
    paused: list[Paused]
    #: Of every upstream.
    circuit_breakers: list[BreakerView]
