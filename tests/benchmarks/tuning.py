"""The best settings of each competitor: the ones found, and the search that found them.

One setting is varied at a time, from the best so far, until a round brings nothing. The best
three are then run again in turn, and the best median is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from statistics import median
from typing import Any

from tests.benchmarks import contestants
from tests.benchmarks.arithmetic import rotate
from tests.benchmarks.contestants import PROCESSES, Contestant
from tests.benchmarks.lab import Lab
from tests.benchmarks.race import Heat, TooSlow, run
from tests.benchmarks.results import Results
from tests.benchmarks.watching import JobFailed

Setting = dict[str, Any]

#: How often all settings are gone through at most.
_PASSES = 2
#: How many of the best are run again, and how often: one run may have been lucky.
_FINALISTS, _FINAL_ROUNDS = 3, 3


def _vary(name: str, *values: Any) -> Sequence[Setting]:
    return [{name: value} for value in values]


#: Where the search begins, and what the quick bench takes: what the last whole search found on
#: two cores.
STOCK: Setting = {
    "pool": "prefork",
    "concurrency": PROCESSES,
    "prefetch_multiplier": 4,
    "polling_interval": 0.01,
    "wait_time_seconds": 0,
    "sqs_base64_encoding": True,
}
DRAMATIQ: Setting = {"processes": PROCESSES, "threads": 8, "prefetch": 10}
TASKIQ: Setting = {"processes": PROCESSES, "tasks": 20, "prefetch": 0, "no_parse": False}

#: What is tried in the place of each other.
_STOCK_CHOICES = [
    _vary("polling_interval", 0, 0.01, 0.05, 0.2),
    _vary("prefetch_multiplier", 4, 10, 50, 0),
    _vary("concurrency", PROCESSES, 4, 8),
    _vary("pool", "prefork", "threads"),
    _vary("wait_time_seconds", 0, 10, 20),
]
_DRAMATIQ_CHOICES = [
    [{"processes": p, "threads": t} for p, t in ((2, 4), (2, 8), (2, 16), (3, 4), (4, 4))],
    _vary("prefetch", 8, 10),
]
_TASKIQ_CHOICES = [
    _vary("tasks", 5, 10, 20, 100),
    _vary("prefetch", 0, 10, 20),
    _vary("processes", PROCESSES, 3),
    _vary("no_parse", False, True),
]


def find_best(lab: Lab, results: Results, heat: Heat, *, is_searching: bool) -> list[Contestant]:
    """Celery, dramatiq_sqs and taskiq-aio-sqs, each at its best."""
    field = [
        _Field(contestants.stock, STOCK, _STOCK_CHOICES),
        _Field(lambda chosen: contestants.dramatiq(**chosen), DRAMATIQ, _DRAMATIQ_CHOICES),
        _Field(lambda chosen: contestants.taskiq(**chosen), TASKIQ, _TASKIQ_CHOICES),
    ]
    if not is_searching:
        return [one.make(one.start) for one in field]
    # Celery takes longest: fewer of its jobs tell as much.
    heats = [replace(heat, jobs=heat.jobs * 2 // 3), heat, heat]
    return [_search(lab, results, of, one) for of, one in zip(heats, field, strict=True)]


@dataclass(frozen=True)
class _Field:
    """What one library can be set to."""

    make: Callable[[Setting], Contestant]
    start: Setting
    choices: Sequence[Sequence[Setting]]


def _search(lab: Lab, results: Results, heat: Heat, field: _Field) -> Contestant:
    tried: dict[str, float] = {}
    made: dict[str, Contestant] = {}

    def measure(setting: Setting) -> float:
        one = field.make(setting)
        if one.setting not in tried:
            made[one.setting] = one
            tried[one.setting] = _rate(lab, results, heat, one)
        return tried[one.setting]

    best, is_better = dict(field.start), True
    for _ in range(_PASSES):
        if not is_better:
            break
        is_better = False
        for choices in field.choices:
            # Its own place is the first: another one must be better, not as good.
            winner = max((best, *({**best, **choice} for choice in choices)), key=measure)
            is_better = is_better or winner != best
            best = winner
    finalists = sorted(tried, key=lambda setting: tried[setting], reverse=True)[:_FINALISTS]
    chosen, again = _decide([made[name] for name in finalists], partial(_rate, lab, results, heat))
    results.raw[f"search_{chosen.name}"] = tried
    results.raw[f"search_{chosen.name}_again"] = again
    return chosen


def _decide(
    finalists: Sequence[Contestant], measure: Callable[[Contestant], float]
) -> tuple[Contestant, dict[str, list[float]]]:
    """Run the best in turn; returns the one with the best median, and what all of them did."""
    again: dict[str, list[float]] = {one.setting: [] for one in finalists}
    for number in range(_FINAL_ROUNDS):
        for one in rotate(finalists, number):
            again[one.setting].append(measure(one))
    return max(finalists, key=lambda one: median(again[one.setting])), again


def _rate(lab: Lab, results: Results, heat: Heat, one: Contestant) -> float:
    try:
        rate = run(lab, one, heat).rate
    except (TooSlow, JobFailed):
        rate = 0.0
    results.tell(f"search: {one.label}: {one.setting}: {rate:.0f} jobs/s")
    return rate
