"""Whether a table full of finished jobs slows the job list down."""

from __future__ import annotations

from tests.benchmarks.arithmetic import ratios, rotate
from tests.benchmarks.feeding import insert_finished
from tests.benchmarks.lab import Lab
from tests.benchmarks.plan import Plan
from tests.benchmarks.probing import mint_token, probe
from tests.benchmarks.results import Results


def measure(lab: Lab, plan: Plan, results: Results) -> None:
    """The first and the hundredth page of two tables, each time in a fresh process."""
    sizes = {"large": plan.large_rows, "small": plan.small_page_rows}
    times: dict[str, dict[str, list[float]]] = {name: {"first": [], "deep": []} for name in sizes}
    with lab.room() as large, lab.room() as small:
        rooms = {"large": large, "small": small}
        for name, room in rooms.items():
            insert_finished(lab.database, room, sizes[name])
        tokens = {name: mint_token(room) for name, room in rooms.items()}
        for number in range(plan.page_rounds):
            for name, room in rotate(list(rooms.items()), number):
                spent = probe(room, "pages", BENCH_TOKEN=tokens[name])
                for page in ("first", "deep"):
                    times[name][page].append(1000 * spent[page])
    for name, pages in times.items():
        for page, values in pages.items():
            results.keep(f"{page}_page_{name}", values, f"ms, {sizes[name]} rows")
    for page in ("first", "deep"):
        results.add(f"growth_{page}_page", ratios(times["large"][page], times["small"][page]))
