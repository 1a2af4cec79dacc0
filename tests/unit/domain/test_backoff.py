"""When a job is tried again."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from chalicelib.domain.jobs import RetryPolicy, backoff_seconds

POLICIES = st.builds(
    RetryPolicy,
    base_seconds=st.floats(min_value=0.0, max_value=1e6),
    cap_seconds=st.floats(min_value=0.0, max_value=1e9),
)
DRAWS = st.floats(min_value=0.0, max_value=1.0)


@given(POLICIES, st.integers(min_value=1, max_value=10**9), DRAWS)
def test_wait_lies_between_zero_and_the_cap(
    policy: RetryPolicy, attempts: int, draw: float
) -> None:
    seconds = backoff_seconds(policy, attempts, draw=draw)
    assert math.isfinite(seconds)
    assert 0.0 <= seconds <= policy.cap_seconds


@given(POLICIES, st.integers(min_value=1, max_value=40))
def test_limit_doubles_with_each_attempt_up_to_the_cap(policy: RetryPolicy, attempts: int) -> None:
    limit = backoff_seconds(policy, attempts, draw=1.0)
    assert limit == min(policy.cap_seconds, policy.base_seconds * 2 ** (attempts - 1))


@given(POLICIES, st.integers(min_value=1, max_value=100), DRAWS)
def test_jitter_is_full(policy: RetryPolicy, attempts: int, draw: float) -> None:
    limit = backoff_seconds(policy, attempts, draw=1.0)
    assert backoff_seconds(policy, attempts, draw=0.0) == 0.0
    assert backoff_seconds(policy, attempts, draw=draw) == limit * draw


def test_draws_differ() -> None:
    policy = RetryPolicy(base_seconds=100.0)
    drawn = {backoff_seconds(policy, 3) for _ in range(50)}
    assert len(drawn) > 40
    assert all(0.0 <= seconds <= 400.0 for seconds in drawn)


@given(st.integers(max_value=0))
def test_no_attempt_counts_as_the_first(attempts: int) -> None:
    policy = RetryPolicy()
    assert backoff_seconds(policy, attempts, draw=1.0) == policy.base_seconds
