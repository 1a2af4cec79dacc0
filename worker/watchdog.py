"""Notices a worker that is alive and receives nothing, which no health check would."""

from __future__ import annotations

import time
from collections.abc import Mapping

from chalicelib.broker.queues import WAIT_SECONDS
from worker.receiving import Heard

#: Three long polls, and the pause that a failed one costs.
LIMIT_SECONDS = 3 * WAIT_SECONDS + 10


def find_deaf_queue(heards: Mapping[str, Heard], at: float | None = None) -> str | None:
    """A queue that should have been heard of and was not, described; None if all is well.

    `at`: monotonic time, now if not given.
    """
    at = time.monotonic() if at is None else at
    for queue, heard in list(heards.items()):
        if heard.asked_since is not None and at - heard.asked_since > LIMIT_SECONDS:
            return (
                f"queue {queue} has had free slots and no successful ReceiveMessage "
                f"for {at - heard.asked_since:.0f} seconds"
            )
    return None
