"""The checks of a run fail where a promise was broken, or where there was nothing to look at."""

from __future__ import annotations

import random
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest

from tests.chaos.canvases import Canvas
from tests.chaos.checks import check_jobs
from tests.chaos.flow_checks import check_flow
from tests.chaos.kinds import CANVAS, KEYED, KINDS, LIMITED, POISON, draw_kinds

BEGAN = datetime(2030, 1, 1, tzinfo=UTC)


class Found:
    """Evidence that is written by hand."""

    def __init__(self) -> None:
        self.jobs: dict[str, Any] = {}
        self.claims: dict[str, list[Any]] = {}
        self.effects: defaultdict[str, list[Any]] = defaultdict(list)
        self.starts = self.attempts = dict[str, list[Any]]()
        self.keyed: list[str] = []

    def add(self, job_id: str, begin: float, end: float, **columns: Any) -> None:
        """A job that ran once, from second to second."""
        at = {"begin": BEGAN + timedelta(seconds=begin), "end": BEGAN + timedelta(seconds=end)}
        known = {"task": "chaos.limited", "project_id": "acme", "key": "k", "state": "SUCCESS"}
        known |= {"attempts": 1, "error": None, "result": 3, "parent_id": None}
        known |= {"finished_at": at["end"], "created_at": at["begin"]}
        self.jobs[job_id] = SimpleNamespace(**(known | columns))
        self.claims[job_id] = [SimpleNamespace(**at)]
        self.effects[job_id] = [1]


def broken(
    found: Found,
    *canvases: Canvas,
    schedules: dict[str, int] | None = None,
    drawn: Counter[str] | None = None,
) -> set[str]:
    """The first words of the claims that do not hold."""
    checks = check_flow(found, canvases, schedules or {}, drawn or Counter())  # type: ignore[arg-type]
    failed = {check.claim for check in checks if not check.is_kept}
    return {" ".join(claim.split()[:3]) for claim in failed} - (
        set() if schedules else {"scheduled runs are"}
    )


def test_jobs_of_a_key_out_of_order_are_found() -> None:
    found = Found()
    found.add("first", 0, 1, task="chaos.keyed")
    found.add("second", 2, 3, task="chaos.keyed")
    found.keyed = ["first", "second"]
    assert broken(found) == set()
    found.keyed.reverse()
    assert broken(found) == {"jobs of a"}


def test_fifth_beginning_within_two_seconds_is_found() -> None:
    found = Found()
    for number in range(5):
        found.add(f"job-{number}", number * 0.55, number * 0.55 + 0.1)
    assert broken(found) == set()
    found.add("job-5", 2.25, 2.3)
    assert broken(found) == {"at most 4"}


def test_fourth_job_at_once_is_found() -> None:
    found = Found()
    for number in range(3):
        found.add(f"job-{number}", 0, 9)
    assert broken(found) == set()
    found.add("job-3", 8, 9)
    assert broken(found) == {"at most 3"}


def test_chord_that_fired_twice_early_or_not_is_found() -> None:
    canvas = Canvas(["part"], "body", 3)
    found = Found()
    found.add("part", 0, 1, task="chaos.part")
    assert broken(found, canvas) == {"each chord fires"}
    found.add("body", 2, 3, task="chaos.gather")
    assert broken(found, canvas) == set()
    found.effects["body"] = [1, 1]
    assert broken(found, canvas) == {"each chord fires"}
    found.add("body", 0.5, 3, task="chaos.gather")
    assert broken(found, canvas) == {"each chord fires"}


def test_errback_that_was_called_twice_or_never_is_found() -> None:
    canvas = Canvas(["part"], "body", None)
    found = Found()
    found.add("part", 0, 1, task="chaos.part")
    ended = {"state": "FAILURE", "attempts": 0, "error": {"type": "ChordError"}}
    found.add("body", 2, 3, task="chaos.orphan", **ended)
    assert broken(found, canvas) == {"each chord fires"}
    found.add("heard", 4, 5, task="chaos.errback", parent_id="body")
    assert broken(found, canvas) == set()
    found.add("again", 4, 5, task="chaos.errback", parent_id="body")
    assert broken(found, canvas) == {"each chord fires"}


def test_run_that_is_left_out_is_found_unless_it_was_missed_for_long() -> None:
    found = Found()
    for second in (0, 2, 6):
        run = f"{BEGAN + timedelta(seconds=second):%Y%m%dT%H%M%S.%fZ}"
        found.add(f"s.{run}", second, second + 1, task="chaos.scheduled")
    assert broken(found, schedules={"s": 2}) == {"scheduled runs are"}
    found.jobs[f"s.{run}"].created_at += timedelta(seconds=150)
    assert broken(found, schedules={"s": 2}) == set()


def test_schedule_that_had_no_runs_is_found_beside_one_that_had() -> None:
    found = Found()
    for second in (0, 2):
        run = f"{BEGAN + timedelta(seconds=second):%Y%m%dT%H%M%S.%fZ}"
        found.add(f"s.{run}", second, second + 1, task="chaos.scheduled")
    assert broken(found, schedules={"s": 2}) == set()
    assert broken(found, schedules={"s": 2, "t": 5}) == {"scheduled runs are"}


@pytest.mark.parametrize(
    ("kind", "count", "claims"),
    [
        (KEYED, 1, {"jobs of a"}),
        (LIMITED, 1, {"at most 3"}),
        (LIMITED, 3, {"at most 3", "at most 4"}),
        (CANVAS, 1, {"each chord fires"}),
    ],
)
def test_kind_that_was_drawn_and_left_no_trace_is_found(
    kind: Any, count: int, claims: set[str]
) -> None:
    assert broken(Found(), drawn=Counter({kind.contract.name: count})) == claims
    assert broken(Found(), drawn=Counter({"chaos.instant": 9})) == set()


def test_run_without_jobs_and_keys_that_are_not_on_record_are_found() -> None:
    checks = check_jobs(Found(), set(), set(), Counter({KEYED.contract.name: 1}))  # type: ignore[arg-type]
    assert {check.claim for check in checks if not check.is_kept} == {
        "every job submitted is on record",
        "no two jobs of a key at the same time",
    }


@pytest.mark.parametrize("count", [1, 2, 7, 32, 300, 5000])
def test_each_run_has_a_poisoned_job_and_each_long_one_every_kind(count: int) -> None:
    kinds = draw_kinds(random.Random(count), count)
    assert len(kinds) == count
    assert POISON in kinds
    if count >= 300:
        assert {kind.contract.name for kind in kinds} == KINDS.keys() - {"chaos.scheduled"}
    if count >= 32:
        assert {n % 4 for n, kind in enumerate(kinds) if kind is CANVAS} == {0, 1, 2, 3}
        assert kinds.count(LIMITED) >= 3
