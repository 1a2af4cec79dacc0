"""How many jobs a second: everybody in turn, a round after the other."""

from __future__ import annotations

from collections.abc import Sequence

from tests.benchmarks import contestants, tuning
from tests.benchmarks.arithmetic import ratios, rotate
from tests.benchmarks.contestants import Contestant
from tests.benchmarks.lab import Lab
from tests.benchmarks.plan import Plan
from tests.benchmarks.race import Heat, Outcome, run
from tests.benchmarks.results import Results

_KEYS = {
    "stock_default": "throughput_vs_stock_default",
    "stock_tuned": "throughput_vs_stock_tuned",
    "dramatiq_sqs": "throughput_vs_dramatiq_sqs",
    "taskiq_sqs": "throughput_vs_taskiq_sqs",
    "raw": "throughput_vs_raw",
}
#: Sixteen jobs at a time, each of 10 ms: a fleet that waits for upstreams.
_SLEEPERS = 16
_SLEEP_SECONDS = 0.01


def measure(lab: Lab, plan: Plan, results: Results) -> None:
    """Jobs that add, with two processes for everybody; then jobs that wait, sixteen at a time."""
    short = Heat(plan.stock_jobs, plan.window_seconds, plan.limit_seconds)
    best = tuning.find_best(lab, results, short, is_searching=plan.is_searching)
    two_updates = contestants.stock_two_updates(best[0])
    field = [contestants.ours(), *best, contestants.raw(), two_updates, contestants.stock_default()]
    sizes = {
        "stock_tuned": plan.stock_jobs,
        "stock_two_updates": plan.stock_jobs,
        "stock_default": plan.default_jobs,
    }
    heats = [
        Heat(sizes.get(one.name, plan.jobs), plan.window_seconds, plan.limit_seconds)
        for one in field
    ]
    rates = _race(lab, results, field, heats, plan.rounds)
    for name, key in _KEYS.items():
        results.add(key, ratios(rates["bellpull"], rates[name]))
    like = ratios(rates["bellpull"], rates["stock_two_updates"])
    results.keep("throughput_vs_stock_two_updates", like, "times")
    _measure_sleep(lab, plan, results, best)


def _measure_sleep(lab: Lab, plan: Plan, results: Results, best: Sequence[Contestant]) -> None:
    stock, dramatiq, taskiq = (one.tuning for one in best)
    each = _SLEEPERS // contestants.PROCESSES
    sixteen = {"processes": contestants.PROCESSES}
    field = [
        contestants.ours(_SLEEPERS),
        contestants.stock({**stock, "concurrency": _SLEEPERS}),
        contestants.dramatiq(**{**dramatiq, **sixteen, "threads": each}),
        contestants.taskiq(**{**taskiq, **sixteen, "tasks": each}),
        contestants.raw(_SLEEPERS),
    ]
    sizes = {"stock_tuned": plan.stock_jobs}
    heats = [
        Heat(
            sizes.get(one.name, plan.sleep_jobs),
            plan.window_seconds,
            plan.limit_seconds,
            _SLEEP_SECONDS,
        )
        for one in field
    ]
    rates = _race(lab, results, field, heats, plan.sleep_rounds)
    for one in field[1:]:
        times = ratios(rates["bellpull"], rates[one.name])
        results.keep(f"sleep_vs_{one.name}", times, "times")


def _race(
    lab: Lab,
    results: Results,
    field: Sequence[Contestant],
    heats: Sequence[Heat],
    rounds: int,
) -> dict[str, list[float]]:
    found: dict[str, list[Outcome]] = {one.name: [] for one in field}
    for number in range(1, rounds + 1):
        for one, heat in rotate(list(zip(field, heats, strict=True)), number):
            outcome = run(lab, one, heat)
            found[one.name].append(outcome)
            kind = f"{heat.sleep_seconds * 1000:.0f} ms jobs" if heat.sleep_seconds else "add"
            told = f"round {number}/{rounds}, {kind}: {one.label}: {outcome.rate:.0f} jobs/s"
            spent = ", ".join(f"{name} {ms:.2f}" for name, ms in outcome.cpu.items())
            results.tell(f"{told}; ms of CPU a job: {spent or 'not read'}")
    prefix = "sleep_" if heats[0].sleep_seconds else ""
    rates = {name: [outcome.rate for outcome in outcomes] for name, outcomes in found.items()}
    for one in field:
        results.keep(f"{prefix}throughput_{one.name}", rates[one.name], f"jobs/s; {one.setting}")
        sums = [sum(outcome.cpu.values()) for outcome in found[one.name] if outcome.cpu]
        if sums:
            unit = "ms of CPU a job, worker, SQS and database"
            results.keep(f"{prefix}cpu_{one.name}", sums, unit)
    return rates
