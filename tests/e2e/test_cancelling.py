"""Jobs that are ordered to stop, while they wait and while they run."""

from __future__ import annotations

import time

import pytest

from chalicelib.errors import ImmutableObject
from chalicelib.services import job_orders
from tests.e2e.contracts import CLEAN_UP, FAIL, SLEEP, STUBBORN, Fail, Sleep
from tests.e2e.fleet import PROJECT, Fleet
from tests.e2e.worker_process import wait_until

ENVIRONMENT = {"CANCEL_GRACE_SECONDS": "1.5"}


def test_waiting_job_is_cancelled_at_once(fleet: Fleet) -> None:
    job_id = fleet.submit(SLEEP, Sleep(seconds=0), delay_seconds=2)
    row = job_orders.cancel(fleet.engine, PROJECT, job_id)
    assert row.state == "REVOKED"
    fleet.wait_until_queues_empty()
    assert fleet.job(job_id).attempts == 0
    assert fleet.notes(job_id) == []


def test_doubled_bell_keeps_no_running_job_from_being_cancelled(fleet: Fleet) -> None:
    job_id = fleet.submit(CLEAN_UP, Sleep(seconds=30))
    fleet.wait_for_state(job_id, "STARTED")
    fleet.ring_again(job_id, times=3)
    wait_until(lambda: fleet.workers[0].text.count(f"{job_id} reason=taken") == 3, 10)
    job_orders.cancel(fleet.engine, PROJECT, job_id)
    fleet.wait_for_state(job_id, "REVOKED", seconds=5)


def test_job_that_waits_for_a_retry_is_cancelled_at_once(fleet: Fleet) -> None:
    job_id = fleet.submit(FAIL, Fail(kind="retryable", retry_after_seconds=2))
    fleet.wait_for_state(job_id, "RETRY")
    assert job_orders.cancel(fleet.engine, PROJECT, job_id).state == "REVOKED"
    fleet.wait_until_queues_empty()
    assert fleet.notes(job_id) == ["attempt 1"]


def test_running_job_hears_of_it_within_a_beat_and_cleans_up(fleet: Fleet) -> None:
    job_id = fleet.submit(CLEAN_UP, Sleep(seconds=30))
    fleet.wait_for_state(job_id, "STARTED")
    time.sleep(0.5)
    assert job_orders.cancel(fleet.engine, PROJECT, job_id).state == "STARTED"
    ordered_at = time.monotonic()
    row = fleet.wait_for_state(job_id, "REVOKED", seconds=5)
    assert time.monotonic() - ordered_at < 2.5
    assert fleet.notes(job_id) == ["cleaned up"]
    assert row.attempts == 1
    assert fleet.outcomes(job_id) == ["cancelled"]
    fleet.wait_until_queues_empty()
    result = fleet.read_result(job_id)
    assert result.state == "REVOKED"


def test_job_that_ignores_the_order_is_killed_after_the_grace(fleet: Fleet) -> None:
    job_id = fleet.submit(STUBBORN, Sleep(seconds=60))
    fleet.wait_for_note(job_id, "began")
    job_orders.cancel(fleet.engine, PROJECT, job_id)
    fleet.wait_for_note(job_id, "heard it")
    fleet.wait_for_state(job_id, "REVOKED", seconds=25)
    assert fleet.notes(job_id) == ["began", "heard it"]
    assert fleet.outcomes(job_id) == ["cancelled"]
    fleet.wait_until_queues_empty()
    next_job = fleet.submit(SLEEP, Sleep(seconds=0))
    fleet.wait_for_state(next_job, "SUCCESS")


def test_job_cancelled_during_an_attempt_that_fails_is_not_tried_again(fleet: Fleet) -> None:
    job_id = fleet.submit(FAIL, Fail(kind="slow"))
    fleet.wait_for_note(job_id, "attempt 1")
    job_orders.cancel(fleet.engine, PROJECT, job_id)
    fleet.wait_for_state(job_id, "REVOKED")
    assert fleet.notes(job_id) == ["attempt 1"]


def test_finished_job_cannot_be_cancelled(fleet: Fleet) -> None:
    job_id = fleet.submit(SLEEP, Sleep(seconds=0))
    fleet.wait_for_state(job_id, "SUCCESS")
    with pytest.raises(ImmutableObject):
        job_orders.cancel(fleet.engine, PROJECT, job_id)


def test_order_for_one_job_does_not_stop_its_neighbour(fleet: Fleet) -> None:
    doomed = fleet.submit(CLEAN_UP, Sleep(seconds=30))
    neighbour = fleet.submit(SLEEP, Sleep(seconds=2.5))
    fleet.wait_for_state(doomed, "STARTED")
    fleet.wait_for_state(neighbour, "STARTED")
    job_orders.cancel(fleet.engine, PROJECT, doomed)
    fleet.wait_for_state(doomed, "REVOKED")
    assert fleet.wait_for_state(neighbour, "SUCCESS").attempts == 1
