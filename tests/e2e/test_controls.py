"""Pauses and limits on fleets of real workers."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest

from chalicelib.broker import contracts
from chalicelib.db.clock import seconds_from_now
from chalicelib.domain.ids import new_id
from chalicelib.services import controls
from chalicelib.services.controls import Limit
from tests.e2e.conftest import MakeFleet
from tests.e2e.contracts import SLEEP, Sleep
from tests.e2e.fleet import Fleet
from tests.e2e.worker_process import wait_until
from tests.factories.jobs import set_job


@pytest.fixture(autouse=True)
def _known(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {**contracts.all_contracts(), SLEEP.name: SLEEP}
    monkeypatch.setattr(controls, "all_contracts", lambda: known)


def start(make_fleet: MakeFleet, database: str = "mariadb") -> Fleet:
    fleet = make_fleet(database)
    for _ in range(2):
        fleet.start_worker(concurrency=4)
    return fleet


def begun(fleet: Fleet, ids: list[str]) -> list[Any]:
    return sorted(fleet.job(job_id).started_at for job_id in ids)


@pytest.mark.parametrize("database", ["sqlite", "mariadb"])
def test_paused_queue_holds_everything_and_sends_nothing_round(
    make_fleet: MakeFleet, database: str
) -> None:
    fleet = start(make_fleet, database)
    controls.pause(fleet.engine, "queue", "default")
    ids = [fleet.submit(SLEEP, Sleep(seconds=0)) for _ in range(6)]
    wait_until(lambda: all(fleet.job(job_id).held_by == "control" for job_id in ids), 20)
    fleet.wait_until_queues_empty()
    time.sleep(2)  # several beats of both workers, which dispatch
    assert fleet.count_messages("default") == 0
    assert {fleet.job(job_id).state for job_id in ids} == {"PENDING"}
    assert controls.resume(fleet.engine, "queue", "default") == 6
    for job_id in ids:
        fleet.wait_for_state(job_id, "SUCCESS")
        assert fleet.job(job_id).attempts == 1


def test_pause_survives_restarts(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    controls.pause(fleet.engine, "task", SLEEP.name)
    first = fleet.start_worker()
    job_id = fleet.submit(SLEEP, Sleep(seconds=0))
    wait_until(lambda: fleet.job(job_id).held_by == "control", 20)
    first.terminate()
    first.wait_for_exit()
    fleet.start_worker()
    another = fleet.submit(SLEEP, Sleep(seconds=0))
    wait_until(lambda: fleet.job(another).held_by == "control", 20)
    time.sleep(1.5)  # beats of the new worker
    assert {fleet.job(one).state for one in (job_id, another)} == {"PENDING"}
    assert controls.resume(fleet.engine, "task", SLEEP.name) == 2
    for one in (job_id, another):
        fleet.wait_for_state(one, "SUCCESS")


def test_two_workers_together_keep_to_a_rate(make_fleet: MakeFleet) -> None:
    fleet = start(make_fleet)
    controls.set_limit(fleet.engine, "task", SLEEP.name, Limit(rate_count=5, rate_seconds=1))
    ids = [fleet.submit(SLEEP, Sleep(seconds=0)) for _ in range(30)]
    for job_id in ids:
        fleet.wait_for_state(job_id, "SUCCESS", seconds=60)
    moments = begun(fleet, ids)
    window = timedelta(seconds=1)
    most = max(sum(1 for other in moments if at <= other < at + window) for at in moments)
    assert most <= 5
    assert {fleet.job(job_id).attempts for job_id in ids} == {1}
    assert moments[-1] - moments[0] < timedelta(seconds=30), "it is no slower than need be"


def test_two_workers_together_run_no_more_at_once_than_they_may(make_fleet: MakeFleet) -> None:
    fleet = start(make_fleet)
    controls.set_limit(fleet.engine, "queue", "default", Limit(at_once=2))
    ids = [fleet.submit(SLEEP, Sleep(seconds=0.3)) for _ in range(10)]
    for job_id in ids:
        fleet.wait_for_state(job_id, "SUCCESS", seconds=60)
    rows = [fleet.job(job_id) for job_id in ids]
    for row in rows:
        running = [
            other for other in rows if other.started_at <= row.started_at < other.finished_at
        ]
        assert len(running) <= 2
    assert {row.attempts for row in rows} == {1}


def test_worker_that_has_lost_a_job_does_not_free_its_slot(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    worker = fleet.start_worker(concurrency=2)
    controls.set_limit(fleet.engine, "queue", "default", Limit(at_once=1))
    first = fleet.submit(SLEEP, Sleep(seconds=2))
    fleet.wait_for_state(first, "STARTED")
    second = fleet.submit(SLEEP, Sleep(seconds=0))
    wait_until(lambda: fleet.job(second).held_by == "control", 20)
    # As if its lease had lapsed, and the job ran elsewhere since.
    taken = {"claim_id": new_id(), "worker_id": "other", "lease_expires_at": seconds_from_now(60)}
    set_job(fleet.engine, first, **taken)
    worker.wait_for_line("claim lost")
    time.sleep(2)  # several beats, which dispatch
    assert fleet.job(second).held_by == "control"
