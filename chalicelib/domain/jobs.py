"""The life of a job: its states, which may follow which, and when to try again."""

from __future__ import annotations

import random
from datetime import UTC, datetime
from enum import StrEnum

import msgspec


class JobState(StrEnum):
    """State of a job; the words are Celery's."""

    PENDING = "PENDING"
    STARTED = "STARTED"
    RETRY = "RETRY"
    SUCCESS = "SUCCESS"
    FAILURE = "FAILURE"
    REVOKED = "REVOKED"


#: States in which a job waits for a worker.
WAITING = frozenset({JobState.PENDING, JobState.RETRY})
#: States that no job leaves, except when somebody asks to retry it.
FINAL = frozenset({JobState.SUCCESS, JobState.FAILURE, JobState.REVOKED})

#: `run_at` of a job that waits for something else than a time: when it is let go it gets one.
HELD = datetime(9999, 1, 1, tzinfo=UTC)

#: Every transition there is: its name -> (states it may begin in, state it ends in).
TRANSITIONS: dict[str, tuple[frozenset[JobState], JobState]] = {
    "claim": (WAITING, JobState.STARTED),
    "succeed": (frozenset({JobState.STARTED}), JobState.SUCCESS),
    "fail": (frozenset({JobState.STARTED}), JobState.FAILURE),
    "retry": (frozenset({JobState.STARTED}), JobState.RETRY),
    "release": (frozenset({JobState.STARTED}), JobState.PENDING),
    "rescue": (frozenset({JobState.STARTED}), JobState.PENDING),
    "give_up": (frozenset({JobState.STARTED}), JobState.FAILURE),
    "cancel": (WAITING, JobState.REVOKED),
    "obey_cancel": (frozenset({JobState.STARTED}), JobState.REVOKED),
    "resubmit": (frozenset({JobState.FAILURE, JobState.REVOKED}), JobState.PENDING),
}


class RetryPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """How often and when a job is tried again."""

    max_attempts: int = 5
    #: Longest wait before the second attempt, in seconds; it doubles with each attempt.
    base_seconds: float = 2.0
    #: Longest wait before any attempt, in seconds.
    cap_seconds: float = 600.0


def backoff_seconds(policy: RetryPolicy, attempts: int, *, draw: float | None = None) -> float:
    """Seconds to wait after `attempts` failed attempts (1 or more).

    Exponential backoff with full jitter: a uniform draw between zero and the exponential
    limit spreads competing clients best (M. Brooker, "Exponential Backoff And Jitter",
    AWS Architecture Blog, 2015). `draw`: 0 to 1, for tests.
    """
    exponent = min(max(attempts, 1) - 1, 60)  # 2**60 is beyond every cap; more would overflow
    limit = min(policy.cap_seconds, policy.base_seconds * 2.0**exponent)
    # Not for secrets: the draw only has to differ between workers.
    return limit * (random.random() if draw is None else draw)
