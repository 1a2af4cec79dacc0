"""CPU of one enqueue: `enqueue ours|raw COUNT` prints seconds of CPU and of the clock a job."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from typing import Any

from tests.benchmarks.probes.requests import NEW_JOB, Context, make_event
from tests.benchmarks.probes.submitting import make_ours

_WARM_UP = 30


def make_raw() -> Callable[[], Any]:
    """The handler that one would write by hand, without framework or token."""
    from tests.benchmarks.competitors.raw_enqueue import handle

    event = make_event("POST", "/jobs", body=NEW_JOB)
    return lambda: handle(event, Context())


def main() -> None:
    """Measure and print."""
    enqueue = {"ours": make_ours, "raw": make_raw}[sys.argv[1]]()
    count = int(sys.argv[2])
    for _ in range(_WARM_UP):
        answer = enqueue()
        if answer["statusCode"] != 202:
            raise RuntimeError(f"not accepted: {answer}")
    cpu, clock = time.process_time(), time.perf_counter()
    for _ in range(count):
        enqueue()
    spent = {
        "cpu_seconds": (time.process_time() - cpu) / count,
        "seconds": (time.perf_counter() - clock) / count,
    }
    sys.stdout.write("\n" + json.dumps(spent) + "\n")


if __name__ == "__main__":
    main()
