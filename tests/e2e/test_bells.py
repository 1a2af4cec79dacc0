"""Bells that are doubled, late, or for jobs that are over."""

from __future__ import annotations

from chalicelib.broker.message import encode_bell
from chalicelib.services import job_orders
from chalicelib.services.job_lifecycle import make_bell
from tests.e2e.conftest import MakeFleet
from tests.e2e.contracts import SLEEP, Sleep
from tests.e2e.fleet import PROJECT, Fleet


def test_bells_of_a_running_job_are_answered_by_deleting_them(fleet: Fleet) -> None:
    job_id = fleet.submit(SLEEP, Sleep(seconds=1.5))
    fleet.wait_for_state(job_id, "STARTED")
    fleet.ring_again(job_id, times=3)
    row = fleet.wait_for_state(job_id, "SUCCESS")
    fleet.wait_until_queues_empty()
    assert row.attempts == 1
    assert fleet.notes(job_id) == ["effect"]
    assert fleet.job(job_id) == row


def test_bells_of_a_finished_job_are_answered_by_deleting_them(fleet: Fleet) -> None:
    job_id = fleet.submit(SLEEP, Sleep(seconds=0))
    row = fleet.wait_for_state(job_id, "SUCCESS")
    fleet.ring_again(job_id, times=3)
    fleet.wait_until_queues_empty()
    assert fleet.notes(job_id) == ["effect"]
    assert fleet.job(job_id) == row


def test_bells_of_a_cancelled_job_are_answered_by_deleting_them(fleet: Fleet) -> None:
    job_id = fleet.submit(SLEEP, Sleep(seconds=0), is_rung=False)
    assert job_orders.cancel(fleet.engine, PROJECT, job_id).state == "REVOKED"
    fleet.ring_again(job_id, times=2)
    fleet.wait_until_queues_empty()
    assert fleet.job(job_id).state == "REVOKED"
    assert fleet.notes(job_id) == []


def test_many_bells_at_once_run_the_job_once(fleet: Fleet) -> None:
    job_id = fleet.submit(SLEEP, Sleep(seconds=0.2), is_rung=False)
    fleet.ring_again(job_id, times=12)
    fleet.wait_for_state(job_id, "SUCCESS")
    fleet.wait_until_queues_empty()
    assert fleet.notes(job_id) == ["effect"]
    assert fleet.job(job_id).attempts == 1


def test_early_bell_is_spent_and_the_job_runs_at_its_time(fleet: Fleet) -> None:
    job_id = fleet.submit(SLEEP, Sleep(seconds=0), delay_seconds=3, is_rung=False)
    fleet.ring_again(job_id)
    row = fleet.wait_for_state(job_id, "SUCCESS")
    assert 0 <= (row.started_at - row.run_at).total_seconds() < 2
    assert row.attempts == 1
    fleet.wait_until_queues_empty()


def test_job_whose_bell_was_never_rung_is_dispatched(make_fleet: MakeFleet) -> None:
    fleet = make_fleet("sqlite")
    job_id = fleet.submit(SLEEP, Sleep(seconds=0), delay_seconds=1000, is_rung=False)
    with fleet.engine.connect() as connection:
        connection.exec_driver_sql("UPDATE jobs SET run_at = created_at, rung_at = NULL")
    fleet.start_worker()
    assert fleet.wait_for_state(job_id, "SUCCESS").attempts == 1
    fleet.wait_until_queues_empty()


def test_bell_of_an_earlier_attempt_does_not_make_a_job_forget_its_attempts(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet()
    job_id = fleet.submit(SLEEP, Sleep(seconds=0), is_rung=False)
    first_bell = fleet.job(job_id)
    with fleet.engine.connect() as connection:
        connection.exec_driver_sql("UPDATE jobs SET attempts = 1")  # as a rescue leaves it
    fleet.send(encode_bell(make_bell(first_bell, attempts=0)))
    fleet.start_worker()
    row = fleet.wait_for_state(job_id, "SUCCESS")
    assert row.attempts == row.result["attempt"] == 2
