"""When which fault happens: drawn from the seed before the run begins."""

from __future__ import annotations

import random
from dataclasses import dataclass

#: Each fault, how likely it is among the random ones, and whether a short run has time for
#: it: a bell that was destroyed is missed only when everything after it has been heard.
_FAULTS: dict[str, tuple[int, bool]] = {
    "kill_worker": (6, True),
    "kill_main": (4, True),
    "kill_child": (5, True),
    "stop_worker": (6, True),
    "restart_database": (3, True),
    "kill_database": (4, True),
    "pause_sqs": (1, True),
    "duplicate": (5, True),
    "send_late": (5, True),
    "freeze_worker": (1, False),
    "empty_sqs": (0, False),
    "purge": (0, False),
}
#: Seconds before the first fault, so that jobs are under way.
_QUIET_SECONDS = 2.0
_MEAN_GAP_SECONDS = 8.0
_SHORT_MEAN_GAP_SECONDS = 1.0


@dataclass(frozen=True)
class Fault:
    """One fault: when, what, and the draws that decide whom it meets and how long it lasts."""

    at: float
    name: str
    target: float
    extent: float


def make_plan(rng: random.Random, duration: float, *, is_short: bool) -> list[Fault]:
    """The faults of a run that submits jobs for `duration` seconds, each kind at least once."""
    known = {name: weight for name, (weight, fits) in _FAULTS.items() if fits or not is_short}
    gap = _SHORT_MEAN_GAP_SECONDS if is_short else _MEAN_GAP_SECONDS
    more = max(0, int((duration - _QUIET_SECONDS) / gap) - len(known))
    names = [*known, *rng.choices(list(known), list(known.values()), k=more)]
    rng.shuffle(names)
    times = sorted(rng.uniform(_QUIET_SECONDS, duration) for _ in names)
    return [
        Fault(at=at, name=name, target=rng.random(), extent=rng.random())
        for at, name in zip(times, names, strict=True)
    ]
