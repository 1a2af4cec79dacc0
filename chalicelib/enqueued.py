"""Counts the jobs that this process records, by their tasks, until they are told."""

from __future__ import annotations

import os
import threading
from collections import Counter
from collections.abc import Iterable
from typing import Any

from chalicelib import emf

_lock = threading.Lock()
_counts: Counter[str] = Counter()


def count(tasks: Iterable[str]) -> None:
    """Jobs of these tasks were committed."""
    with _lock:
        _counts.update(tasks)


def take() -> dict[str, int]:
    """What was counted since the last time."""
    if not _counts:
        return {}
    with _lock:
        taken = dict(_counts)
        _counts.clear()
    return taken


def facts(deployment: str | None, **metrics: float) -> dict[str, Any]:
    """What was counted since the last time, and `metrics` that are not 0, for a log line.

    Nothing if there is nothing, or no deployment to tell it of.
    """
    told = {"JobsEnqueued": float(sum(take().values())), **metrics}
    told = {name: number for name, number in told.items() if number}
    return emf.facts(deployment, told) if told and deployment is not None else {}


def _begin_anew() -> None:
    """A child would tell what its parent counted once more."""
    _counts.clear()
    _lock.release()


# A child would wait for ever for a lock that another thread of its parent holds.
os.register_at_fork(before=_lock.acquire, after_in_parent=_lock.release, after_in_child=_begin_anew)
