"""Waiting times as a histogram: enough for a median, and small enough to keep."""

from __future__ import annotations

from collections.abc import Mapping

#: Upper ends of the classes in seconds; above the last one there is one more.
BOUNDS = (0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 20, 60, 120, 300, 600, 1800, 3600, 14_400, 86_400)
#: The class of jobs that never began.
NEVER = -1


def quantile(counts: Mapping[int, int], q: float) -> float | None:
    """The waiting time in seconds that a share `q` (0 to 1) of jobs did not exceed.

    Within a class the times are taken to be spread evenly; above the last bound it is that
    bound. None: no job began. `counts`: jobs by class.
    """
    classes = sorted(key for key, count in counts.items() if key != NEVER and count)
    rank = q * sum(counts[key] for key in classes)
    for key in classes:
        if rank <= counts[key]:
            low = BOUNDS[key - 1] if key else 0.0
            high = BOUNDS[min(key, len(BOUNDS) - 1)]
            return min(low, high) + (high - min(low, high)) * rank / counts[key]
        rank -= counts[key]
    return None
