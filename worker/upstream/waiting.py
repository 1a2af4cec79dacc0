"""Waits until what was asked for is there, or gone."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

from chalicelib.domain.records import Observed
from worker.upstream.errors import UpstreamBusy, UpstreamNotFound, UpstreamRejected
from worker.upstream.protocol import Upstream

Seen = TypeVar("Seen", bound=Observed)

FIRST_PAUSE_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 15.0
GROWTH = 1.5
#: Looks in a row that may find nothing: a cloud can list a new object late.
TOLERATED_ABSENCES = 5


def wait_until_active(
    upstream: Upstream[Any, Any, Seen],
    observed: Seen,
    *,
    timeout_seconds: float = 600,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
    on_look: Callable[[Seen], None] | None = None,
) -> Seen:
    """Look again, at growing intervals, until it is active; return it so.

    `observed` is where it stands now: if that is active, nothing is asked and nobody sleeps.
    `on_look` is told of each later look, and may raise to end the wait.

    Raises:
        UpstreamRejected: the upstream gave up on it; the message is the upstream's reason.
        UpstreamBusy: it is not active after `timeout_seconds`.
        UpstreamNotFound: it vanished.
    """
    deadline = clock() + timeout_seconds
    pause, absences = FIRST_PAUSE_SECONDS, 0
    while observed.status != "active":
        if observed.status == "failed":
            raise UpstreamRejected(observed.reason)
        remaining = deadline - clock()
        if remaining <= 0:
            raise UpstreamBusy(f"Not active after {timeout_seconds:g} seconds.")
        sleep(min(pause, remaining))
        pause = min(pause * GROWTH, LONGEST_PAUSE_SECONDS)
        try:
            observed = upstream.get(observed.upstream_id)
            absences = 0
        except UpstreamNotFound:
            absences += 1
            if absences > TOLERATED_ABSENCES:
                raise
            continue
        if on_look:
            on_look(observed)
    return observed


def wait_until_gone(
    is_gone: Callable[[], bool],
    *,
    timeout_seconds: float = 600,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """Look, at growing intervals, until what was deleted is gone.

    Raises UpstreamBusy if it is still there after `timeout_seconds`.
    """
    deadline, pause = clock() + timeout_seconds, FIRST_PAUSE_SECONDS
    while not is_gone():
        if clock() >= deadline:
            raise UpstreamBusy(f"Not gone after {timeout_seconds:g} seconds.")
        sleep(pause)
        pause = min(pause * GROWTH, LONGEST_PAUSE_SECONDS)
