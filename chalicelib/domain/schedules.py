"""What a schedule is: which jobs it makes, and when."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec


class IfMissed(StrEnum):
    """What becomes of the runs that nobody was there to make."""

    #: One run stands for all of them, as soon as somebody is there.
    RUN_ONCE = "run_once"
    SKIP = "skip"


class Timing(msgspec.Struct, frozen=True, kw_only=True):
    """Either `cron`, read in `time_zone`, or `every_seconds`."""

    #: Five fields as of crontab(5), or a nickname of one: @daily.
    cron: str | None = None
    #: Name in the IANA database: Europe/Berlin.
    time_zone: str = "UTC"
    every_seconds: int | None = None


class ScheduleSpec(Timing, frozen=True, kw_only=True):
    """What a schedule should be."""

    name: str
    task: str
    #: Keyword arguments of the task.
    parameters: dict[str, Any] = {}
    if_missed: IfMissed = IfMissed.RUN_ONCE


class ScheduleChange(msgspec.Struct, frozen=True, kw_only=True):
    """What changes about one; a field that is None stays as it is.

    `cron` takes the place of `every_seconds`, and the other way round.
    """

    name: str | None = None
    parameters: dict[str, Any] | None = None
    cron: str | None = None
    time_zone: str | None = None
    every_seconds: int | None = None
    if_missed: IfMissed | None = None
