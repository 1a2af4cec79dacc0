"""The best settings of each competitor: the ones found, and the search that found them.

One setting is varied at a time, from the best so far, until a round brings nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.benchmarks import contestants
from tests.benchmarks.contestants import PROCESSES, Contestant
from tests.benchmarks.lab import Lab
from tests.benchmarks.race import Heat, TooSlow, run
from tests.benchmarks.results import Results
from tests.benchmarks.watching import JobFailed

Setting = dict[str, Any]

#: How often all settings are gone through at most.
_PASSES = 2

#: Where the search begins, and what the quick bench takes: found by it on two cores.
STOCK: Setting = {
    "pool": "prefork",
    "concurrency": PROCESSES,
    "prefetch_multiplier": 10,
    "polling_interval": 0.05,
    "wait_time_seconds": 10,
    "sqs_base64_encoding": True,
}
DRAMATIQ: Setting = {"threads": 8, "prefetch": 10}
TASKIQ: Setting = {"tasks": 10, "prefetch": 10}

_STOCK_CHOICES: dict[str, Sequence[Any]] = {
    "polling_interval": (0, 0.01, 0.05, 0.2),
    "prefetch_multiplier": (4, 10, 50, 0),
    "concurrency": (PROCESSES, 4, 8),
    "pool": ("prefork", "threads"),
    "wait_time_seconds": (0, 10, 20),
}
_DRAMATIQ_CHOICES: dict[str, Sequence[Any]] = {"threads": (4, 8, 16), "prefetch": (8, 10)}
_TASKIQ_CHOICES: dict[str, Sequence[Any]] = {"tasks": (5, 10, 20, 100), "prefetch": (0, 10, 20)}


def find_best(lab: Lab, results: Results, heat: Heat, *, is_searching: bool) -> list[Contestant]:
    """Celery, dramatiq_sqs and taskiq-aio-sqs, each at its best."""
    field = [
        _Field(contestants.stock, STOCK, _STOCK_CHOICES),
        _Field(lambda chosen: contestants.dramatiq(**chosen), DRAMATIQ, _DRAMATIQ_CHOICES),
        _Field(lambda chosen: contestants.taskiq(**chosen), TASKIQ, _TASKIQ_CHOICES),
    ]
    if not is_searching:
        return [one.make(one.start) for one in field]
    return [_search(lab, results, heat, one) for one in field]


@dataclass(frozen=True)
class _Field:
    """What one library can be set to."""

    make: Callable[[Setting], Contestant]
    start: Setting
    choices: Mapping[str, Sequence[Any]]


def _search(lab: Lab, results: Results, heat: Heat, field: _Field) -> Contestant:
    tried: dict[str, float] = {}

    def measure(setting: Setting) -> float:
        one = field.make(setting)
        if one.setting not in tried:
            try:
                tried[one.setting] = run(lab, one, heat).rate
            except (TooSlow, JobFailed):
                tried[one.setting] = 0.0
            results.tell(f"search: {one.label}: {one.setting}: {tried[one.setting]:.0f} jobs/s")
        return tried[one.setting]

    best, is_better = dict(field.start), True
    for _ in range(_PASSES):
        if not is_better:
            break
        is_better = False
        for name, values in field.choices.items():
            winner = max(({**best, name: value} for value in values), key=measure)
            is_better = is_better or winner != best
            best = winner
    chosen = field.make(best)
    results.raw[f"search_{chosen.name}"] = tried
    return chosen
