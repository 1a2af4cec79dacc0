"""When schedules run: ordinary days, days on which clocks change, days that are rare."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.cron import UNREADABLE, find_faults, next_run, next_runs
from chalicelib.domain.schedules import Timing

BERLIN, NEW_YORK = "Europe/Berlin", "America/New_York"


def list_local(cron: str, zone: str, after: str, count: int) -> list[str]:
    """Runs after a moment, as a clock on the wall of the zone shows them, with its offset."""
    timing = Timing(cron=cron, time_zone=zone)
    start = datetime.fromisoformat(after).replace(tzinfo=ZoneInfo(zone))
    runs = next_runs(timing, next_run(timing, start.astimezone(UTC)), count)
    assert all(run.tzinfo is UTC for run in runs)
    return [f"{run.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M %z}" for run in runs]


@pytest.mark.parametrize(
    ("zone", "day", "runs"),
    [
        # At 02:00 in Berlin it becomes 03:00 on 29 March 2026.
        (
            BERLIN,
            "2026-03-28",
            ["2026-03-28 02:30 +0100", "2026-03-29 03:00 +0200", "2026-03-30 02:30 +0200"],
        ),
        # At 02:00 in New York it becomes 03:00 on 8 March 2026.
        (
            NEW_YORK,
            "2026-03-07",
            ["2026-03-07 02:30 -0500", "2026-03-08 03:00 -0400", "2026-03-09 02:30 -0400"],
        ),
    ],
)
def test_run_in_the_hour_that_is_left_out_happens_when_it_is_over(
    zone: str, day: str, runs: list[str]
) -> None:
    assert list_local("30 2 * * *", zone, f"{day} 00:00", 3) == runs


@pytest.mark.parametrize(
    ("zone", "day", "cron", "runs"),
    [
        # At 03:00 in Berlin it becomes 02:00 on 25 October 2026.
        (
            BERLIN,
            "2026-10-24",
            "30 2 * * *",
            ["2026-10-24 02:30 +0200", "2026-10-25 02:30 +0200", "2026-10-26 02:30 +0100"],
        ),
        # At 02:00 in New York it becomes 01:00 on 1 November 2026.
        (
            NEW_YORK,
            "2026-10-31",
            "30 1 * * *",
            ["2026-10-31 01:30 -0400", "2026-11-01 01:30 -0400", "2026-11-02 01:30 -0500"],
        ),
    ],
)
def test_run_in_the_hour_that_comes_twice_happens_once(
    zone: str, day: str, cron: str, runs: list[str]
) -> None:
    assert list_local(cron, zone, f"{day} 00:00", 3) == runs


def test_two_runs_that_fall_on_the_end_of_the_left_out_hour_are_one() -> None:
    assert list_local("0,30 2 * * *", BERLIN, "2026-03-29 00:00", 2) == [
        "2026-03-29 03:00 +0200",
        "2026-03-30 02:00 +0200",
    ]


def test_looking_out_of_the_second_of_two_equal_hours_leads_onwards() -> None:
    timing = Timing(cron="45 2 * * *", time_zone=BERLIN)
    second = datetime(2026, 10, 25, 2, 30, tzinfo=ZoneInfo(BERLIN), fold=1).astimezone(UTC)
    following = next_run(timing, second)
    assert following == datetime(2026, 10, 26, 1, 45, tzinfo=UTC)


@pytest.mark.parametrize(
    ("zone", "after", "hours"),
    [
        (BERLIN, "2026-03-29 00:30", ["01 +0100", "03 +0200", "04 +0200"]),
        (BERLIN, "2026-10-25 01:30", ["02 +0200", "02 +0100", "03 +0100"]),
        (NEW_YORK, "2026-03-08 00:30", ["01 -0500", "03 -0400", "04 -0400"]),
        (NEW_YORK, "2026-11-01 00:30", ["01 -0400", "01 -0500", "02 -0500"]),
    ],
)
def test_hourly_runs_go_by_the_time_that_passes(zone: str, after: str, hours: list[str]) -> None:
    runs = list_local("0 * * * *", zone, after, 3)
    assert [f"{run[11:13]} {run[-5:]}" for run in runs] == hours


def test_every_so_many_seconds_knows_no_clock_changes() -> None:
    timing = Timing(every_seconds=3600)
    due = datetime(2026, 3, 29, 0, 15, tzinfo=UTC)
    assert next_runs(timing, due, 3) == [due + timedelta(hours=n) for n in range(3)]


def test_29_february_comes_in_leap_years() -> None:
    assert list_local("0 0 29 2 *", "UTC", "2095-01-01", 3) == [
        "2096-02-29 00:00 +0000",
        "2104-02-29 00:00 +0000",  # 2100 is none
        "2108-02-29 00:00 +0000",
    ]


def test_31_of_each_month_comes_in_those_that_have_it() -> None:
    runs = list_local("0 12 31 * *", BERLIN, "2026-01-01", 8)
    months = [run[5:7] for run in runs]
    assert months == ["01", "03", "05", "07", "08", "10", "12", "01"]


def test_month_and_week_day_are_both_enough_as_in_cron() -> None:
    runs = list_local("0 0 1 * MON", "UTC", "2026-12-01 12:00", 5)
    assert [run[5:10] for run in runs] == ["12-07", "12-14", "12-21", "12-28", "01-01"]


@pytest.mark.parametrize(
    ("nickname", "expression"),
    [("@hourly", "0 * * * *"), ("@DAILY", "0 0 * * *"), ("@weekly", "0 0 * * SUN")],
)
def test_nicknames_are_read(nickname: str, expression: str) -> None:
    after = "2026-05-05 05:05"
    assert list_local(nickname, BERLIN, after, 4) == list_local(expression, BERLIN, after, 4)


@pytest.mark.parametrize(
    ("timing", "field", "words"),
    [
        (Timing(), "cron", "every_seconds in its place"),
        (Timing(cron="* * * * *", every_seconds=5), "cron", "not both"),
        (Timing(cron="* * * *"), "cron", "wrong number of fields"),
        (Timing(cron="*/5 * * * * *"), "cron", "wrong number of fields"),
        (Timing(cron="61 * * * *"), "cron", "bad minute"),
        (Timing(cron="0 0 30 2 *"), "cron", "bad day-of-month"),
        (Timing(cron="* * */20 * 1L"), "cron", "some day fits"),
        (Timing(cron="@reboot"), "cron", "wrong number of fields"),
        (Timing(cron="* * * * *", time_zone="Europe"), "time_zone", "Europe/Berlin"),
        (Timing(cron="* * * * *", time_zone="../../etc/passwd"), "time_zone", "Europe/Berlin"),
        (Timing(cron="* * * * *", time_zone="Mars/Olympus"), "time_zone", "Europe/Berlin"),
    ],
)
def test_fault_is_told_at_its_field(timing: Timing, field: str, words: str) -> None:
    faults = find_faults(timing)
    assert list(faults) == [field]
    assert words in faults[field]


FIELDS = ["*", "*/2", "0", "1", "5", "10-20", "1,2", "29", "31", "7", "L", "LW", "MON#2", "5L"]
EXPRESSIONS = st.lists(st.sampled_from(FIELDS), min_size=5, max_size=5).map(" ".join)
MOMENTS = st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
ZONES = st.sampled_from([BERLIN, NEW_YORK, "UTC", "Australia/Lord_Howe", "Asia/Kathmandu"])


@given(EXPRESSIONS, ZONES, MOMENTS)
def test_runs_follow_each_other_in_time_whatever_clocks_do(
    cron: str, zone: str, moment: datetime
) -> None:
    timing = Timing(cron=cron, time_zone=zone)
    if find_faults(timing):
        return
    runs = [moment, *next_runs(timing, next_run(timing, moment), 5)]
    assert all(earlier < later for earlier, later in pairwise(runs))


@given(st.text(alphabet="0123456789*/,-L#MONAUG @\t²", max_size=40) | EXPRESSIONS)
def test_text_is_an_expression_or_at_fault(text: str) -> None:
    timing = Timing(cron=text)
    if find_faults(timing):
        return
    try:
        assert next_run(timing, datetime(2026, 1, 1, tzinfo=UTC))
    except UNREADABLE:
        pytest.fail("find_faults found nothing")
