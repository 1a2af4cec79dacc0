"""The kinds of jobs that a run is made of, and how each has to end."""

from __future__ import annotations

import random
from dataclasses import dataclass
from typing import Literal

import msgspec

from chalicelib.broker.contracts import TaskContract
from chalicelib.broker.contracts.canvas import FAIL_FOLLOWERS
from chalicelib.broker.queues import DEFAULT, NETWORK
from chalicelib.domain.jobs import RetryPolicy

#: Far more than the faults of a run can use up: these jobs must succeed in the end.
_PATIENT = RetryPolicy(max_attempts=25, base_seconds=1.0, cap_seconds=4.0)
_BRIEF = RetryPolicy(max_attempts=3, base_seconds=1.0, cap_seconds=4.0)
_TWICE = RetryPolicy(max_attempts=2, base_seconds=1.0, cap_seconds=4.0)


class Errand(msgspec.Struct, frozen=True, kw_only=True):
    """Parameters of every job of a run."""

    number: int
    padding: str = ""


@dataclass(frozen=True)
class Kind:
    """One kind: its task, how many of a thousand jobs are of it, and how they end."""

    contract: TaskContract
    share: int
    state: Literal["SUCCESS", "FAILURE"]
    longest_delay_seconds: float = 0.0
    padding: int = 0
    #: How many keys its jobs share; 0: they have none.
    keys: int = 0
    #: Whether each is a chord, of several jobs.
    is_canvas: bool = False


def _contract(name: str, queue: str, retry: RetryPolicy = _PATIENT) -> TaskContract:
    return TaskContract(
        name=f"chaos.{name}", description=name, parameters=Errand, queue=queue, retry=retry
    )


INSTANT = Kind(_contract("instant", DEFAULT), 500, "SUCCESS")
SLEEPING = Kind(_contract("sleeping", NETWORK), 80, "SUCCESS")
#: Fails at its first two starts.
RETRYING = Kind(_contract("retrying", DEFAULT), 110, "SUCCESS")
DELAYED = Kind(_contract("delayed", NETWORK), 118, "SUCCESS", longest_delay_seconds=20.0)
#: Fails at its first start, and must not overlap with another of its key. With fewer keys what one
#: has waiting after an outage takes minutes, as each job takes its two seconds after the others.
KEYED = Kind(_contract("keyed", DEFAULT), 60, "SUCCESS", keys=12)
#: Its parameters are too large for its bell.
WIDE = Kind(_contract("wide", DEFAULT), 10, "SUCCESS", padding=60_000)
#: Fails for good at once.
FAILING = Kind(_contract("failing", DEFAULT), 80, "FAILURE")
#: Fails until no attempt is left.
EXHAUSTED = Kind(_contract("exhausted", NETWORK, _BRIEF), 40, "FAILURE")
#: Kills the process that runs it, each time.
POISON = Kind(_contract("poison", DEFAULT, _TWICE), 2, "FAILURE")

#: Fails at its first start; its task is limited: see flow.py.
LIMITED = Kind(_contract("limited", DEFAULT), 30, "SUCCESS")
#: Chords and chains: see canvases.py.
CANVAS = Kind(_contract("canvas", DEFAULT), 20, "SUCCESS", is_canvas=True)
#: Made by schedules alone.
SCHEDULED = Kind(_contract("scheduled", DEFAULT), 0, "SUCCESS")

KINDS = {
    kind.contract.name: kind
    for kind in (
        INSTANT,
        SLEEPING,
        RETRYING,
        DELAYED,
        KEYED,
        WIDE,
        FAILING,
        EXHAUSTED,
        POISON,
        LIMITED,
        CANVAS,
        SCHEDULED,
    )
}
#: How the jobs of every task must end.
ENDS = {name: kind.state for name, kind in KINDS.items()} | {
    "chaos.part": "SUCCESS",
    "chaos.gather": "SUCCESS",
    "chaos.after": "SUCCESS",
    "chaos.broken": "FAILURE",
    "chaos.orphan": "FAILURE",
    "chaos.errback": "SUCCESS",
    FAIL_FOLLOWERS.name: "SUCCESS",
}
#: What a stock Celery producer sends.
FOREIGN = (INSTANT, RETRYING, DELAYED, FAILING)


def draw_kinds(rng: random.Random, count: int) -> list[Kind]:
    """`count` kinds in random order, in their shares; one poisoned, and canvases all along.

    What becomes of a canvas follows from its number (see canvases.py): an odd step brings each.
    """
    kinds = rng.choices(list(KINDS.values()), [kind.share for kind in KINDS.values()], k=count)
    for number in range(3, count - 1, max(5, count // 8) | 1):
        kinds[number], kinds[number + 1] = CANVAS, LIMITED
    free = [number for number, kind in enumerate(kinds) if kind not in (CANVAS, LIMITED)]
    kinds[rng.choice(free or [0])] = POISON
    return kinds
