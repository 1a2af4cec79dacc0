"""Whether a table full of finished jobs slows workers down."""

from __future__ import annotations

from tests.benchmarks import contestants
from tests.benchmarks.arithmetic import ratios, rotate
from tests.benchmarks.feeding import insert_finished
from tests.benchmarks.lab import Lab
from tests.benchmarks.plan import Plan
from tests.benchmarks.race import Heat, run
from tests.benchmarks.results import Results


def measure(lab: Lab, plan: Plan, results: Results) -> None:
    """The same work in two tables, in turn."""
    rates: dict[str, list[float]] = {"large": [], "small": []}
    heat = Heat(plan.growth_jobs, plan.window_seconds, plan.limit_seconds)
    with lab.room() as large, lab.room() as small:
        results.tell(f"writing {plan.large_rows} finished jobs")
        insert_finished(lab.database, large, plan.large_rows)
        insert_finished(lab.database, small, plan.small_rows)
        for number in range(1, plan.growth_rounds + 1):
            for name, room in rotate((("large", large), ("small", small)), number):
                rates[name].append(run(lab, contestants.ours(), heat, room).rate)
                told = f"round {number}/{plan.growth_rounds}, {name} table"
                results.tell(f"{told}: {rates[name][-1]:.0f} jobs/s")
    results.keep("growth_throughput_large", rates["large"], f"jobs/s, {plan.large_rows} rows")
    results.keep("growth_throughput_small", rates["small"], f"jobs/s, {plan.small_rows} rows")
    results.add("growth_throughput", ratios(rates["large"], rates["small"]))
