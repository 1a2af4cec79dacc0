"""What the benchmark prints of its method and its figures."""

from __future__ import annotations

from tests.benchmarks import report
from tests.benchmarks.method import describe_method
from tests.benchmarks.plan import make_plan
from tests.benchmarks.results import Results

_ABOUT = {
    "command": "make bench",
    "date": "today",
    "machine": "a machine",
    "is_quick": False,
    "versions": {"Python": "3"},
    "peers": {"dramatiq": "2"},
}


def test_method_says_how_many_jobs_a_run_has() -> None:
    plan = make_plan(is_quick=False)
    assert f"A run has {plan.jobs:,} jobs" in describe_method(plan).replace("\n", " ")


def test_jobs_that_wait_have_a_table_of_their_own() -> None:
    results = Results()
    results.keep("sleep_vs_raw", [1.0, 2.0, 1.5], "times")
    results.keep("throughput_vs_stock_two_updates", [8.0, 9.0], "times")
    page = "\n".join(report._page(results, _ABOUT, make_plan(is_quick=False), "chart.svg"))
    assert "(`sleep_vs_raw`) | 1.5 | 1 to 2 |" in page
    assert page.count("`sleep_vs_raw`") == 1
    assert "(`sleep_vs_dramatiq_sqs`) | not measured" in page
    assert "| `throughput_vs_stock_two_updates` | 8.5 | 8 | 9 | times |" in page
