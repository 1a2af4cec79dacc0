"""What is made of a schedule that is due: on time, ahead of time, late, or missed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.cron import AHEAD, GRACE, plan_runs
from chalicelib.domain.schedules import IfMissed, Timing

NOON = datetime(2026, 5, 5, 12, tzinfo=UTC)
HOURLY = Timing(cron="0 * * * *")


def hours(number: float) -> timedelta:
    return timedelta(hours=number)


def test_run_is_made_ahead_of_its_time() -> None:
    plan = plan_runs(HOURLY, NOON, NOON - AHEAD, IfMissed.SKIP)
    assert (plan.runs, plan.next_run_at) == ([NOON], NOON + hours(1))


def test_run_is_not_made_long_ahead_of_its_time() -> None:
    plan = plan_runs(HOURLY, NOON, NOON - 2 * AHEAD, IfMissed.SKIP)
    assert (plan.runs, plan.next_run_at) == ([], NOON)


@pytest.mark.parametrize("if_missed", IfMissed)
def test_run_within_the_grace_is_not_missed(if_missed: IfMissed) -> None:
    plan = plan_runs(HOURLY, NOON, NOON + GRACE, if_missed)
    assert (plan.runs, plan.next_run_at) == ([NOON], NOON + hours(1))


def test_missed_runs_are_made_up_by_one() -> None:
    plan = plan_runs(HOURLY, NOON, NOON + hours(5.5), IfMissed.RUN_ONCE)
    assert (plan.runs, plan.next_run_at) == ([NOON], NOON + hours(6))


def test_missed_runs_are_skipped_if_the_schedule_says_so() -> None:
    plan = plan_runs(HOURLY, NOON, NOON + hours(5.5), IfMissed.SKIP)
    assert (plan.runs, plan.next_run_at) == ([], NOON + hours(6))


def test_run_that_is_due_makes_up_for_those_that_were_missed() -> None:
    at = NOON + hours(5) + timedelta(seconds=30)
    plan = plan_runs(HOURLY, NOON, at, IfMissed.RUN_ONCE)
    assert (plan.runs, plan.next_run_at) == ([NOON + hours(5)], NOON + hours(6))


def test_every_few_seconds_is_made_for_all_seconds_since_the_last_pass() -> None:
    plan = plan_runs(Timing(every_seconds=2), NOON, NOON + timedelta(seconds=5), IfMissed.SKIP)
    assert plan.runs == [NOON + timedelta(seconds=2 * n) for n in range(11)]
    assert plan.next_run_at == NOON + timedelta(seconds=22)


@given(
    st.integers(min_value=1, max_value=100_000),
    st.integers(min_value=-20, max_value=2_000_000),
    st.sampled_from(IfMissed),
)
def test_rhythm_is_kept_however_late(every: int, late_seconds: int, if_missed: IfMissed) -> None:
    at = NOON + timedelta(seconds=late_seconds)
    plan = plan_runs(Timing(every_seconds=every), NOON, at, if_missed)
    assert plan.next_run_at is not None
    assert plan.next_run_at > at + AHEAD or not plan.runs
    for run in [*plan.runs, plan.next_run_at]:
        assert (run - NOON) % timedelta(seconds=every) == timedelta()
    assert len(plan.runs) <= 1 + (GRACE + AHEAD) // timedelta(seconds=every)
