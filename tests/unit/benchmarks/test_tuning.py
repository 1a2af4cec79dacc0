"""How the benchmark finds the best settings of a competitor."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.benchmarks import contestants, tuning
from tests.benchmarks.contestants import Contestant
from tests.benchmarks.race import Heat
from tests.benchmarks.results import Results

_LAB: Any = None
_HEAT = Heat(jobs=1, window_seconds=1, limit_seconds=1)
_FIELD = tuning._Field(
    lambda chosen: contestants.dramatiq(**chosen),
    {"processes": 2, "threads": 8, "prefetch": 10},
    [
        [{"processes": 2, "threads": 4}, {"processes": 3, "threads": 4}],
        [{"prefetch": 8}, {"prefetch": 10}],
    ],
)


def test_search_varies_one_setting_at_a_time_from_the_best(monkeypatch: pytest.MonkeyPatch) -> None:
    rates = {(2, 8, 10): 100.0, (2, 4, 10): 90.0, (3, 4, 10): 120.0, (3, 4, 8): 130.0}
    rates |= {(2, 4, 8): 60.0}
    asked = _pretend(monkeypatch, lambda one: rates[_key(one)])
    assert _key(tuning._search(_LAB, Results(), _HEAT, _FIELD)) == (3, 4, 8)
    # Each once, and the best three another three times.
    assert asked[3, 4, 8] == asked[3, 4, 10] == asked[2, 8, 10] == 4
    assert asked[2, 4, 8] == 1


def test_best_three_are_run_again_and_the_best_median_is_taken(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lucky = iter([200.0])
    rates = {(2, 8, 10): 100.0, (2, 4, 10): 90.0, (2, 8, 8): 80.0}

    def rate(one: Contestant) -> float:
        return next(lucky, 50.0) if _key(one) == (3, 4, 10) else rates.get(_key(one), 10.0)

    asked, results = _pretend(monkeypatch, rate), Results()
    assert _key(tuning._search(_LAB, results, _HEAT, _FIELD)) == (2, 8, 10)
    assert asked[3, 4, 10] == asked[2, 8, 10] == asked[2, 4, 10] == 4
    assert asked[3, 4, 8] == 1
    again = results.raw["search_dramatiq_sqs_again"]
    assert again["3 processes x 4 threads, prefetch 10"] == [50.0] * 3


def _key(one: Contestant) -> tuple[int, int, int]:
    return one.tuning["processes"], one.tuning["threads"], one.tuning["prefetch"]


def _pretend(monkeypatch: pytest.MonkeyPatch, rate: Any) -> Counter[tuple[int, int, int]]:
    asked: Counter[tuple[int, int, int]] = Counter()

    def pretend(lab: Any, results: Any, heat: Any, one: Contestant) -> float:
        asked[_key(one)] += 1
        return float(rate(one))

    monkeypatch.setattr(tuning, "_rate", pretend)
    return asked
