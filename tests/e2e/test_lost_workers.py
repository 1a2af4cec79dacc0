"""Workers that vanish: their jobs are rescued, counted, and end when attempts are used up."""

from __future__ import annotations

import os
import signal
import time

from tests.e2e.conftest import MakeFleet
from tests.e2e.contracts import DIE, SLEEP, Die, Sleep
from tests.e2e.worker_process import wait_until


def test_job_of_a_worker_killed_with_its_pool_is_rescued_and_counted(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet()
    first = fleet.start_worker()
    job_id = fleet.submit(SLEEP, Sleep(seconds=4))
    fleet.wait_for_state(job_id, "STARTED")
    first.kill()
    killed_at = time.monotonic()
    fleet.start_worker()
    row = fleet.wait_for_state(job_id, "SUCCESS", seconds=30)
    assert row.result["attempt"] == 2
    assert row.attempts == 2
    assert fleet.outcomes(job_id) == ["lost"]
    assert fleet.attempts(job_id)[0].error["code"] == "worker-lost"
    assert fleet.notes(job_id) == ["effect"]
    assert time.monotonic() - killed_at < 20
    fleet.wait_until_queues_empty(20)


def test_job_whose_main_process_was_killed_runs_once_more_and_has_one_effect(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet()
    first = fleet.start_worker()
    job_id = fleet.submit(SLEEP, Sleep(seconds=4))
    fleet.wait_for_state(job_id, "STARTED")
    children = first.child_pids()
    first.signal(signal.SIGKILL)
    second = fleet.start_worker()
    row = fleet.wait_for_state(job_id, "SUCCESS", seconds=30)
    assert second.status is None
    # Either the orphaned pool process finished before its lease lapsed, or it was taken over:
    # in both cases the effect is there once.
    assert row.attempts in (1, 2)
    wait_until(lambda: not set(children) & set(first.group_pids()), 20)
    assert fleet.notes(job_id) == ["effect"]
    fleet.wait_until_queues_empty(20)


def test_job_whose_pool_process_was_killed_runs_again_at_once(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    worker = fleet.start_worker()
    job_id = fleet.submit(DIE, Die(times=1))
    row = fleet.wait_for_state(job_id, "SUCCESS")
    assert row.attempts == 2
    [attempt] = fleet.attempts(job_id)
    # By its main process, which sees it die; the lease had not lapsed.
    assert attempt.outcome == "failed"
    assert attempt.error["code"] == "worker-lost"
    assert worker.status is None
    fleet.wait_until_queues_empty()


def test_poison_jobs_that_kill_their_pool_process_end_as_worker_lost(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet()
    worker = fleet.start_worker(concurrency=4)
    job_ids = [fleet.submit(DIE, Die(how=how)) for how in ("kill", "segfault", "exit")]
    for job_id in job_ids:
        row = fleet.wait_for_state(job_id, "FAILURE", seconds=60)
        assert row.attempts == row.max_attempts == 3
        assert row.error["code"] == "worker-lost"
        assert len(fleet.notes(job_id)) == 3
    assert worker.status is None
    good = fleet.submit(SLEEP, Sleep(seconds=0))
    fleet.wait_for_state(good, "SUCCESS")
    fleet.wait_until_queues_empty()


def test_poison_job_that_kills_whole_workers_ends_as_worker_lost(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    job_id = fleet.submit(DIE, Die(victim="all"))
    deadline = time.monotonic() + 60
    worker = fleet.start_worker(is_awaited=False)
    while fleet.job(job_id).state != "FAILURE" and time.monotonic() < deadline:
        if worker.status is not None:
            worker = fleet.start_worker(is_awaited=False)
        time.sleep(0.1)
    row = fleet.wait_for_state(job_id, "FAILURE", seconds=1)
    assert row.error["code"] == "worker-lost"
    assert len(fleet.notes(job_id)) == row.max_attempts == 3
    assert fleet.outcomes(job_id) == ["lost"] * 3
    fleet.wait_until_queues_empty(20)


def test_worker_whose_job_was_taken_over_records_nothing(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    first = fleet.start_worker(concurrency=1)
    job_id = fleet.submit(SLEEP, Sleep(seconds=6))
    fleet.wait_for_state(job_id, "STARTED")
    first.signal(signal.SIGSTOP)  # its main process neither beats nor answers
    second = fleet.start_worker(concurrency=1)
    wait_until(lambda: fleet.job(job_id).attempts == 2, 20)
    os.kill(first.pid, signal.SIGCONT)
    row = fleet.wait_for_state(job_id, "SUCCESS", seconds=30)
    assert row.attempts == row.result["attempt"] == 2
    first.wait_for_line("claim lost")
    assert fleet.notes(job_id) == ["effect"]
    assert first.status is None
    assert second.status is None
    fleet.wait_until_queues_empty(20)
