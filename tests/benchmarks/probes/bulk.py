"""Many jobs at once: `bulk ours|raw COUNT` prints the seconds that it took."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable

PROJECT = "bench"
#: Jobs of one call of the service, as a client would send them.
_PER_CALL = 1_000


def make_ours() -> Callable[[int], object]:
    """The service for many jobs."""
    from chalicelib.db.engine import get_engine
    from chalicelib.services.jobs import NewJob, submit_many
    from tests.benchmarks.contracts.benchmark import ADD, Add

    new, engine = NewJob(contract=ADD, parameters=Add(a=40, b=2)), get_engine()
    return lambda count: submit_many(engine, PROJECT, [new] * count)


def make_raw() -> Callable[[int], object]:
    """The same by hand."""
    from tests.benchmarks.competitors.raw_enqueue import enqueue_many

    return lambda count: enqueue_many(count, "bench.add", {"a": 40, "b": 2})


def main() -> None:
    """Measure and print; what connects is warm."""
    enqueue, left = {"ours": make_ours, "raw": make_raw}[sys.argv[1]](), int(sys.argv[2])
    first = min(10, left)
    enqueue(first)
    left -= first
    began = time.perf_counter()
    while left:
        some = min(left, _PER_CALL)
        enqueue(some)
        left -= some
    seconds = time.perf_counter() - began
    sys.stdout.write(json.dumps({"jobs": int(sys.argv[2]) - first, "seconds": seconds}) + "\n")


if __name__ == "__main__":
    main()
