"""Whether a table full of finished jobs slows down workers and lists."""

from __future__ import annotations

from tests.benchmarks import contestants
from tests.benchmarks.arithmetic import ratios
from tests.benchmarks.lab import PROJECT, Lab, Room
from tests.benchmarks.plan import Plan
from tests.benchmarks.probing import mint_token, probe
from tests.benchmarks.race import Heat, run
from tests.benchmarks.results import Results

#: Finished jobs, two seconds apart, the last one a minute ago: within what retention keeps.
#: Ids have the form of ours and rise with time. The table is MariaDB's own row generator.
_FILL = """
INSERT INTO jobs (id, project_id, task, queue, parameters, state, created_at, run_at, rung_at,
  started_at, finished_at, attempts, max_attempts, worker_id, claim_id, result)
SELECT CONCAT('0190', SUBSTR(h, 1, 4), '-', SUBSTR(h, 5, 4), '-7', SUBSTR(h, 9, 3), '-8',
    SUBSTR(h, 12, 1), '00-', h),
  %s, 'bench.add', 'default', '{"a":40,"b":2}', 'SUCCESS', made, made, made, made,
  TIMESTAMPADD(MICROSECOND, 50000, made), 1, 5, UUID(), UUID(), '42'
FROM (SELECT seq, LPAD(LOWER(HEX(seq)), 12, '0') AS h,
    TIMESTAMPADD(SECOND, 2 * (seq - %s) - 60, UTC_TIMESTAMP(6)) AS made
  FROM seq_1_to_{count}) AS generated ORDER BY seq
"""


def measure(lab: Lab, plan: Plan, results: Results) -> None:
    """The same work in two tables, in turn."""
    with lab.room() as large, lab.room() as small:
        results.tell(f"writing {plan.large_rows} finished jobs")
        _fill(lab, large, plan.large_rows)
        _fill(lab, small, plan.small_rows)
        _measure_throughput(lab, plan, results, large, small)
    with lab.room() as large, lab.room() as small:
        _fill(lab, large, plan.large_rows)
        _fill(lab, small, plan.small_page_rows)
        _measure_pages(plan, results, large, small)


def _measure_throughput(lab: Lab, plan: Plan, results: Results, large: Room, small: Room) -> None:
    heat = Heat(plan.growth_jobs, plan.limit_seconds)
    rates: dict[str, list[float]] = {"large": [], "small": []}
    for number in range(1, plan.growth_rounds + 1):
        for name, room in (("large", large), ("small", small)):
            rates[name].append(run(lab, contestants.ours(), heat, room))
            told = f"growth {number}/{plan.growth_rounds}, {name} table"
            results.tell(f"{told}: {rates[name][-1]:.0f} jobs/s")
    results.keep("growth_throughput_large", rates["large"], f"jobs/s, {plan.large_rows} rows")
    results.keep("growth_throughput_small", rates["small"], f"jobs/s, {plan.small_rows} rows")
    results.add("growth_throughput", ratios(rates["large"], rates["small"]))


def _measure_pages(plan: Plan, results: Results, large: Room, small: Room) -> None:
    times: dict[str, dict[str, list[float]]] = {
        name: {"first": [], "deep": []} for name in ("large", "small")
    }
    tokens = {"large": mint_token(large), "small": mint_token(small)}
    for _ in range(plan.page_rounds):
        for name, room in (("large", large), ("small", small)):
            spent = probe(room, "pages", BENCH_TOKEN=tokens[name])
            for page in ("first", "deep"):
                times[name][page].append(1000 * spent[page])
    rows = {"large": plan.large_rows, "small": plan.small_page_rows}
    for name, pages in times.items():
        for page, values in pages.items():
            results.keep(f"{page}_page_{name}", values, f"ms, {rows[name]} rows")
    for page in ("first", "deep"):
        results.add(f"growth_{page}_page", ratios(times["large"][page], times["small"][page]))


def _fill(lab: Lab, room: Room, count: int) -> None:
    query = _FILL.replace("{count}", str(count))
    lab.rows(room, query, [PROJECT, count])
    lab.rows(room, "ANALYZE TABLE jobs")
