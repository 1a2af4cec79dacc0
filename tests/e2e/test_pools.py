"""Workers with other pools than processes keep the same promises."""

from __future__ import annotations

import json

import pytest

from tests.e2e.conftest import MakeFleet
from tests.e2e.contracts import FAIL, SLEEP, Fail, Sleep
from tests.e2e.messages import envelope


@pytest.mark.parametrize("pool", ["threads", "solo"])
def test_jobs_succeed_fail_and_are_retried(make_fleet: MakeFleet, pool: str) -> None:
    fleet = make_fleet()
    worker = fleet.start_worker("-P", pool)
    effects = [fleet.submit(SLEEP, Sleep(seconds=0)) for _ in range(8)]
    retried = fleet.submit(FAIL, Fail(kind="retryable"))
    hopeless = fleet.submit(FAIL, Fail(kind="permanent"))
    stranger = fleet.foreign_app().send_task("plain.add", args=[40, 2]).id
    for job_id in effects:
        fleet.wait_for_state(job_id, "SUCCESS")
        assert fleet.notes(job_id) == ["effect"]
    assert fleet.wait_for_state(stranger, "SUCCESS").result == 42
    assert fleet.wait_for_state(retried, "SUCCESS").attempts == 2
    assert fleet.wait_for_state(hopeless, "FAILURE").error["type"] == "PermanentError"
    fleet.wait_until_queues_empty()
    worker.terminate()
    assert worker.wait_for_exit() == 0
    assert fleet.list_workers() == []


@pytest.mark.parametrize("pool", ["threads", "solo"])
def test_task_that_exits_costs_no_slot(make_fleet: MakeFleet, pool: str) -> None:
    fleet = make_fleet()
    worker = fleet.start_worker("-P", pool, concurrency=1)
    message = envelope("plain.exit")
    fleet.send(json.dumps(message))
    assert fleet.wait_for_state(message["headers"]["id"], "FAILURE", seconds=40).error
    fleet.wait_for_state(fleet.submit(SLEEP, Sleep(seconds=0)), "SUCCESS")
    assert worker.status is None


def test_processes_that_are_replaced_after_some_jobs_take_none_with_them(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet()
    worker = fleet.start_worker("--max-tasks-per-child", "5")
    first = set(worker.child_pids())
    job_ids = [fleet.submit(SLEEP, Sleep(seconds=0)) for _ in range(60)]
    for job_id in job_ids:
        assert fleet.wait_for_state(job_id, "SUCCESS", seconds=60).attempts == 1
        assert fleet.notes(job_id) == ["effect"]
    fleet.wait_until_queues_empty()
    assert first.isdisjoint(worker.child_pids())


def test_worker_of_threads_goes_on_when_it_was_full(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    fleet.start_worker("-P", "threads", concurrency=2)
    job_ids = [fleet.submit(SLEEP, Sleep(seconds=0.2)) for _ in range(30)]
    for job_id in job_ids:
        fleet.wait_for_state(job_id, "SUCCESS")
    fleet.wait_until_queues_empty()


def test_threads_finish_and_record_what_they_run_when_told_to_stop(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(SHUTDOWN_GRACE_SECONDS=15)
    worker = fleet.start_worker("-P", "threads", concurrency=2)
    message = envelope("plain.note", ["done"], {"seconds": 2})
    job_id = message["headers"]["id"]
    fleet.send(json.dumps(message))
    fleet.wait_for_note(job_id, "done")
    worker.terminate()
    assert worker.wait_for_exit() == 0
    assert fleet.job(job_id).state == "SUCCESS"
    assert fleet.outcomes(job_id) == []
