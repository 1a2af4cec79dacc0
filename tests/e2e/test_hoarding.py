"""What waits in a worker behind long jobs is given back, for others to take."""

from __future__ import annotations

from tests.e2e.conftest import MakeFleet
from tests.e2e.contracts import SLEEP, Sleep


def test_short_jobs_do_not_wait_behind_a_long_one_when_others_are_idle(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet()
    submit = fleet.submit
    first = [submit(SLEEP, Sleep(seconds=0)) for _ in range(40)]
    long = submit(SLEEP, Sleep(seconds=45))
    behind = [submit(SLEEP, Sleep(seconds=0)) for _ in range(20)]
    fleet.start_worker(concurrency=1)
    fleet.wait_for_state(long, "STARTED")
    fleet.start_worker(concurrency=1)
    for job_id in first + behind:
        fleet.wait_for_state(job_id, "SUCCESS", seconds=30)
    row = fleet.job(long)
    assert (row.state, row.attempts) == ("STARTED", 1)
    assert {fleet.job(one).attempts for one in behind} == {1}
