"""Quantiles out of a histogram of waiting times."""

from __future__ import annotations

import random
from bisect import bisect_left

import pytest

from chalicelib.domain.waits import BOUNDS, NEVER, quantile


def test_without_a_job_that_began_there_is_none() -> None:
    assert quantile({}, 0.5) is None
    assert quantile({NEVER: 7}, 0.5) is None


def test_jobs_that_never_began_do_not_count() -> None:
    assert quantile({0: 10, NEVER: 1000}, 1.0) == BOUNDS[0]


def test_above_the_last_bound_it_is_that_bound() -> None:
    assert quantile({len(BOUNDS): 3}, 0.5) == BOUNDS[-1]


@pytest.mark.parametrize("q", [0.5, 0.95])
def test_quantile_lies_in_the_class_of_the_true_one(q: float) -> None:
    waits = sorted(random.Random(7).expovariate(0.3) for _ in range(10_000))
    counts: dict[int, int] = {}
    for wait in waits:
        key = bisect_left(BOUNDS, wait)
        counts[key] = counts.get(key, 0) + 1
    true, told = waits[int(q * len(waits))], quantile(counts, q)
    assert told is not None
    assert bisect_left(BOUNDS, told) == bisect_left(BOUNDS, true)
