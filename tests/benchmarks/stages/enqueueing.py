"""What submitting costs: one job by the handler, many by the service, each beside hand-written."""

from __future__ import annotations

from tests.benchmarks.arithmetic import ratios, rotate
from tests.benchmarks.lab import Lab
from tests.benchmarks.plan import Plan
from tests.benchmarks.probing import mint_token, probe
from tests.benchmarks.results import Results

_SIDES = ("ours", "raw")


def measure(lab: Lab, plan: Plan, results: Results) -> None:
    """Each side in turn, in a fresh process."""
    with lab.room() as room:
        token = mint_token(room)
        cpu: dict[str, list[float]] = {side: [] for side in _SIDES}
        rates: dict[str, list[float]] = {side: [] for side in _SIDES}
        for number in range(plan.enqueue_rounds):
            for side in rotate(_SIDES, number):
                spent = probe(room, "enqueue", side, str(plan.enqueues), BENCH_TOKEN=token)
                cpu[side].append(1000 * spent["cpu_seconds"])
        for number in range(plan.bulk_rounds):
            for side in rotate(_SIDES, number):
                done = probe(room, "bulk", side, str(plan.bulk_jobs))
                rates[side].append(done["jobs"] / done["seconds"])
    for side in _SIDES:
        results.keep(f"enqueue_cpu_{side}", cpu[side], "ms of CPU a job")
        results.keep(f"bulk_enqueue_{side}", rates[side], "jobs/s")
    results.add("enqueue_cpu_vs_raw", ratios(cpu["ours"], cpu["raw"]))
    results.add("bulk_enqueue_vs_raw", ratios(rates["ours"], rates["raw"]))
