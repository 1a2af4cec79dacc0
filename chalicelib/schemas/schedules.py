"""What a request may say of a schedule, and what an answer does say."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Self

from msgspec import Meta, Struct, field

from chalicelib.domain.schedules import (
    IfMissed,
    ScheduleChange,
    ScheduleSpec,
    Timing,
)
from chalicelib.schemas.fields import Name
from chalicelib.schemas.views import View

TaskName = Annotated[
    str, Meta(min_length=1, max_length=255, description="the name of a task, 1 to 255 characters")
]
Cron = Annotated[
    str,
    Meta(
        pattern=r"^[\x20-\x7e]{1,255}\Z",
        description="a cron expression of five fields, such as 30 4 * * MON, or @daily",
    ),
]
TimeZone = Annotated[
    str,
    Meta(
        pattern=r"^[\x21-\x7e]{1,64}\Z",
        description="the name of a time zone, such as Europe/Berlin",
    ),
]
EverySeconds = Annotated[
    int, Meta(ge=1, le=31_622_400, description="a number of seconds from 1 to 31622400")
]

#: A field that was left out of a change; null is refused.
_LEFT_OUT: Any = None

#: How many of the next runs an answer shows.
_RUNS_SHOWN = 5


class NewSchedule(ScheduleSpec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of a request that creates one."""

    name: Name
    task: TaskName
    #: Keyword arguments of the task.
    parameters: dict[str, Any] = field(default_factory=dict)
    #: Either this, read in `time_zone`, or `every_seconds`.
    cron: Cron | None = None
    time_zone: TimeZone = "UTC"
    every_seconds: EverySeconds | None = None
    #: Whether one run makes up for those that nobody was there to start.
    if_missed: IfMissed = IfMissed.RUN_ONCE


class ChangedSchedule(ScheduleChange, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of a request that changes one."""

    name: Name = _LEFT_OUT
    parameters: dict[str, Any] = _LEFT_OUT
    cron: Cron = _LEFT_OUT
    time_zone: TimeZone = _LEFT_OUT
    every_seconds: EverySeconds = _LEFT_OUT
    if_missed: IfMissed = _LEFT_OUT

    def __post_init__(self) -> None:
        if all(getattr(self, name) is None for name in self.__struct_fields__):
            raise ValueError("Expected at least one field to change.")


class ScheduleView(View, frozen=True, kw_only=True):
    """One schedule in an answer."""

    id: str
    name: str
    task: str
    parameters: dict[str, Any]
    cron: str | None
    time_zone: str
    every_seconds: int | None
    if_missed: str
    paused_at: datetime | None
    #: The next five; none while it is paused.
    next_runs: list[datetime]
    last_run_at: datetime | None
    last_job_id: str | None
    created_at: datetime
    updated_at: datetime

    @classmethod
    def from_row(cls, row: Any, **other: Any) -> Self:
        """`next_runs` are worked out here: the row has the first of them."""
        from chalicelib.domain.cron import next_runs

        timing = Timing(cron=row.cron, time_zone=row.time_zone, every_seconds=row.every_seconds)
        return super().from_row(
            row, next_runs=next_runs(timing, row.next_run_at, _RUNS_SHOWN), **other
        )


class SchedulesAnswer(Struct, frozen=True):
    """Answer with one page of schedules, newest first."""

    schedules: list[ScheduleView]
    #: What `after` has to be for the next page; null on the last one.
    next: str | None
