"""What a fresh process of the API costs until it has answered, and what reading it imports."""

from __future__ import annotations

import json

from tests.benchmarks.arithmetic import ratios, rotate
from tests.benchmarks.goals import LIGHT
from tests.benchmarks.lab import Lab
from tests.benchmarks.plan import Plan
from tests.benchmarks.probing import mint_token, probe
from tests.benchmarks.results import Results
from tests.benchmarks.things import make_things


def measure(lab: Lab, plan: Plan, results: Results) -> None:
    """Fresh processes in turn; the first of each side only writes its bytecode."""
    spent: dict[str, list[float]] = {"ours": [], "raw": []}
    with lab.room() as room:
        token = mint_token(room)
        for number in range(-1, plan.cold_starts):
            for side, values in rotate(list(spent.items()), number):
                found = probe(room, "cold_start", side, BENCH_TOKEN=token)
                if number >= 0:
                    values.append(1000 * found["cpu_seconds"])
        told = probe(room, "light", json.dumps(make_things(room)), BENCH_TOKEN=token)
    for side, values in spent.items():
        results.keep(f"cold_start_{side}", values, "ms of CPU")
    results.add("cold_start_vs_raw", ratios(spent["ours"], spent["raw"]))
    results.raw["get_routes_import"] = told
    results.set(LIGHT, not told["heavy"])
