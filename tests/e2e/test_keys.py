"""Jobs that share a key run one at a time on a fleet, in order, also when workers die."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from tests.e2e.conftest import MakeFleet
from tests.e2e.contracts import DIE, FAIL, SLEEP, Die, Fail, Sleep


def spans(fleet: Any, job_ids: list[str]) -> list[tuple[Any, Any]]:
    rows = [fleet.job(job_id) for job_id in job_ids]
    return [(row.started_at, row.finished_at) for row in rows]


@pytest.mark.parametrize("database", ["sqlite", "mariadb"])
def test_keyed_jobs_run_one_after_the_other_on_two_workers(
    make_fleet: MakeFleet, database: str
) -> None:
    fleet = make_fleet(database)
    for _ in range(2):
        fleet.start_worker(concurrency=3)
    ids = [fleet.submit(SLEEP, Sleep(seconds=0.1), key="one") for _ in range(8)]
    other = fleet.submit(SLEEP, Sleep(seconds=0), key="other")
    fleet.wait_for_state(other, "SUCCESS")
    for job_id in ids:
        fleet.wait_for_state(job_id, "SUCCESS", seconds=40)
    found = spans(fleet, ids)
    assert all(ended <= begun for (_, ended), (begun, _) in pairwise(found))


def test_next_one_follows_failures_retries_and_lost_processes(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    fleet.start_worker()
    ids = [
        fleet.submit(FAIL, Fail(kind="permanent"), key="one"),
        fleet.submit(FAIL, Fail(kind="retryable", times=1), key="one"),
        fleet.submit(DIE, Die(times=1), key="one"),
        fleet.submit(SLEEP, Sleep(seconds=0), key="one"),
    ]
    states = [fleet.wait_for_state(job_id, "SUCCESS", "FAILURE").state for job_id in ids]
    assert states == ["FAILURE", "SUCCESS", "SUCCESS", "SUCCESS"]
    rows = [fleet.job(job_id) for job_id in ids]
    assert all(rows[n].finished_at <= rows[n + 1].started_at for n in range(3))
