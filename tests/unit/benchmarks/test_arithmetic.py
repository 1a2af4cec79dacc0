"""What the benchmark makes of what it measured."""

from __future__ import annotations

import pytest

from tests.benchmarks.arithmetic import Spread, rate_of, ratios, rotate
from tests.benchmarks.chart import draw_bars
from tests.benchmarks.goals import GOALS


def test_rate_leaves_out_the_start_and_the_end() -> None:
    slow_start, slow_end = [0.0] * 10, [1000.0] * 5
    steady = [100.0 + number / 50 for number in range(85)]
    assert rate_of(slow_start + steady + slow_end) == pytest.approx(50)


def test_few_jobs_make_no_rate() -> None:
    with pytest.raises(ValueError, match="too few"):
        rate_of([1.0, 2.0, 3.0])


def test_ratios_are_taken_round_by_round() -> None:
    assert ratios([10.0, 30.0], [5.0, 10.0]) == [2.0, 3.0]
    with pytest.raises(ValueError, match="shorter"):
        ratios([1.0, 2.0], [1.0])


def test_each_round_begins_with_another_one() -> None:
    assert [rotate("abc", number) for number in range(4)] == [
        ["a", "b", "c"],
        ["b", "c", "a"],
        ["c", "a", "b"],
        ["a", "b", "c"],
    ]


def test_spread_keeps_the_extremes() -> None:
    assert Spread.of([3.0, 1.0, 2.0]) == Spread(2.0, 1.0, 3.0)


def test_goals_have_one_key_each_and_know_when_they_are_reached() -> None:
    assert len({goal.key for goal in GOALS}) == len(GOALS)
    at_least = next(goal for goal in GOALS if goal.relation == ">=")
    at_most = next(goal for goal in GOALS if goal.relation == "<=")
    assert at_least.is_reached(at_least.target)
    assert not at_least.is_reached(at_least.target - 0.01)
    assert at_most.is_reached(at_most.target)
    assert not at_most.is_reached(at_most.target + 0.01)


def test_chart_escapes_what_it_shows() -> None:
    assert "a &lt;b&gt;" in draw_bars("jobs", [("a <b>", 2.0, 1.0, 3.0)])
