"""`python -m tests.benchmarks [--quick] [--only STAGE,...]`: runs the bench."""

from __future__ import annotations

import argparse
import logging
import signal
import sys
from collections.abc import Callable
from contextlib import ExitStack

from tests.benchmarks import report
from tests.benchmarks.goals import GOALS
from tests.benchmarks.lab import Lab
from tests.benchmarks.plan import Plan, make_plan
from tests.benchmarks.results import Results
from tests.benchmarks.stages import (
    cold_start,
    counts,
    enqueueing,
    growth,
    memory,
    pages,
    pickup,
    throughput,
)

Stage = Callable[[Lab, Plan, Results], None]

#: Stages that an idle worker beside them does not disturb: they keep the machine nearly idle,
#: or count what does not depend on time.
_QUIET: dict[str, Stage] = {
    "pickup": pickup.measure,
    "cold_start": cold_start.measure,
    "enqueueing": enqueueing.measure,
    "pages": pages.measure,
    "counts": counts.measure,
    "memory": memory.measure,
}
_BUSY: dict[str, Stage] = {
    "throughput": throughput.measure,
    "growth": growth.measure,
}
_IDLE = "idle"


def main() -> int:
    """Run the stages, write what they found; 1 if a stage could not be measured."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a smaller run, under three minutes")
    names = [_IDLE, *_QUIET, *_BUSY]
    parser.add_argument("--only", help=f"comma-separated: {', '.join(names)}")
    parsed = parser.parse_args()
    chosen = set(parsed.only.split(",")) if parsed.only else set(names)
    if unknown := chosen - set(names):
        parser.error(f"there is no stage {', '.join(sorted(unknown))}")
    # Both leave by the way out that stops every server, also when a shell ignored the first.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    logging.getLogger("alembic").setLevel(logging.WARNING)
    plan, results = make_plan(is_quick=parsed.quick), Results()
    with Lab() as lab:
        about = report.describe_machine(lab, plan)
        with ExitStack() as beside:
            if _IDLE in chosen:
                beside.enter_context(counts.watching_idle_worker(lab, plan, results))
            _run(_QUIET, chosen, lab, plan, results)
        _run(_BUSY, chosen, lab, plan, results)
    page = report.write(results, about, plan)
    _summarize(results)
    results.tell(f"written: build/bench.json, {page.name} in {page.parent}")
    return 1 if results.failures else 0


def _run(
    stages: dict[str, Stage], chosen: set[str], lab: Lab, plan: Plan, results: Results
) -> None:
    for name, stage in stages.items():
        if name not in chosen:
            continue
        results.tell(f"--- {name}")
        try:
            stage(lab, plan, results)
        except Exception as error:  # noqa: BLE001 - the other stages still have something to say
            results.failures[name] = f"{type(error).__name__}: {error}"
            results.tell(f"{name} FAILED: {error}")


def _summarize(results: Results) -> None:
    reached = [
        g for g in GOALS if g.key in results.figures and g.is_reached(results.figures[g.key])
    ]
    for goal in GOALS:
        value = results.figures.get(goal.key)
        verdict = "reached" if goal in reached else "MISSED" if value is not None else "missing"
        shown = "not measured" if value is None else f"{value}"
        results.tell(f"{verdict:8} {goal.key:28} {shown:>14}   goal {goal.describe()}")
    results.tell(f"{len(reached)} of {len(GOALS)} goals reached")


if __name__ == "__main__":
    try:
        status = main()
    except KeyboardInterrupt:
        sys.stdout.write("\nstopped\n")
        status = 130
    sys.exit(status)
