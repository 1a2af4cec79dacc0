"""When a schedule runs: by a cron expression in a time zone, or every so many seconds."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError, available_timezones

import msgspec
from cronsim import CronSim, CronSimError

from chalicelib.domain.schedules import IfMissed, Timing

#: A run is made into a job this long before its time, so that it starts on its second and
#: not on some dispatcher's next pass.
AHEAD = timedelta(seconds=15)
#: A run that is made later than this counts as missed. The slowest dispatcher, the one of
#: the API, passes once a minute.
GRACE = timedelta(seconds=120)

#: What `next_run` raises about a timing in which `find_faults` finds faults.
UNREADABLE = (CronSimError, ZoneInfoNotFoundError)

#: The names that cron has for frequent expressions: crontab(5).
_NICKNAMES = {
    "@hourly": "0 * * * *",
    "@daily": "0 0 * * *",
    "@midnight": "0 0 * * *",
    "@weekly": "0 0 * * 0",
    "@monthly": "0 0 1 * *",
    "@yearly": "0 0 1 1 *",
    "@annually": "0 0 1 1 *",
}


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a dispatcher does about a schedule that is due."""

    #: Runs to make jobs for now. One that was missed is named by its own, past time.
    runs: list[datetime]
    #: When it is due again; None: never.
    next_run_at: datetime | None


def find_faults(timing: Timing) -> dict[str, str]:
    """What is wrong with a timing: name of the field -> a sentence; empty if nothing is."""
    if timing.every_seconds is not None:
        return {"cron": "Expected cron or every_seconds, not both."} if timing.cron else {}
    if timing.cron is None:
        return {"cron": "Expected cron, or every_seconds in its place."}
    if timing.time_zone not in _time_zones():
        return {"time_zone": "Expected the name of a time zone, such as Europe/Berlin."}
    try:
        following = next_run(timing, datetime.now(UTC))
    except CronSimError as error:
        reason = str(error)[:1].lower() + str(error)[1:]
        return {"cron": f"Expected a cron expression of five fields: {reason}."}
    return {} if following else {"cron": "Expected an expression that some day fits."}


def next_run(timing: Timing, after: datetime) -> datetime | None:
    """The first run after a moment, in UTC; None if there is none for fifty years.

    Every so many seconds: counted from `after`, which has to be a run then.

    Days on which clocks change are treated as by Debian's cron: a run in the hour that is
    left out happens when it is over, one in the hour that comes twice happens once, and
    expressions for each hour or minute go by the time that passes.

    Raises one of UNREADABLE if expression or time zone are none.
    """
    if timing.every_seconds is not None:
        return after + timedelta(seconds=timing.every_seconds)
    cron = (timing.cron or "").strip()
    cron = _NICKNAMES.get(cron.lower(), cron)
    if len(cron.split()) != 5:  # the parser takes a sixth, of seconds
        raise CronSimError("wrong number of fields")
    for run in CronSim(cron, after.astimezone(ZoneInfo(timing.time_zone))):
        # In the second of two equal hours the parser starts over in the first.
        if run.astimezone(UTC) > after:
            return run.astimezone(UTC)
    return None


def next_runs(timing: Timing, due: datetime | None, count: int) -> list[datetime]:
    """The next `count` runs, of which `due` is the first."""
    runs: list[datetime] = []
    while due is not None and len(runs) < count:
        runs.append(due)
        due = next_run(timing, due)
    return runs


def plan_runs(timing: Timing, due: datetime, at: datetime, if_missed: IfMissed) -> Plan:
    """What to make at the moment `at` of a schedule whose next run is at `due`."""
    since = at - GRACE
    following: datetime | None = due if due >= since else _first_since(timing, due, since)
    runs = []
    while following is not None and following <= at + AHEAD:
        runs.append(following)
        following = next_run(timing, following)
    if not runs and due < since and if_missed is IfMissed.RUN_ONCE:
        runs = [due]
    return Plan(runs=runs, next_run_at=following)


def _first_since(timing: Timing, due: datetime, since: datetime) -> datetime | None:
    if timing.every_seconds is None:
        return next_run(timing, since)
    missed = -((due - since) // timedelta(seconds=timing.every_seconds))
    return due + missed * timedelta(seconds=timing.every_seconds)


@lru_cache(maxsize=1)
def _time_zones() -> set[str]:
    return available_timezones() - {"localtime"}
