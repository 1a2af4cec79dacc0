"""Short jobs that are given to a process together end as if each had been given alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from chalicelib.services import job_orders
from tests.e2e.conftest import MakeFleet
from tests.e2e.contracts import CLEAN_UP, DIE, HARD, QUICK, SLEEP, SOFT, Die, Sleep
from tests.e2e.fleet import PROJECT, Fleet


@pytest.fixture
def ran(tmp_path: Path) -> Path:
    """Where short jobs leave a line each."""
    path = tmp_path / "ran"
    path.touch()
    return path


@pytest.fixture
def fleet(make_fleet: MakeFleet, ran: Path) -> Iterator[Fleet]:
    """A fleet with one worker, and in the end one that is alive."""
    made = make_fleet(CANCEL_GRACE_SECONDS=1, E2E_RAN=ran)
    made.start_worker()
    yield made
    assert made.workers[-1].status is None, made.workers[-1].text[-6000:]


def submit_short(fleet: Fleet, count: int) -> list[str]:
    return [fleet.submit(QUICK, Sleep(seconds=0)) for _ in range(count)]


def wait_for_short(fleet: Fleet, job_ids: list[str], ran: Path) -> None:
    """All of them succeed at their first attempt, and ran once."""
    for job_id in job_ids:
        row = fleet.wait_for_state(job_id, "SUCCESS", seconds=30)
        assert (row.attempts, row.result) == (1, 1)
    assert sorted(ran.read_text().split()) == sorted(job_ids)


def test_none_waits_behind_a_long_one(fleet: Fleet, ran: Path) -> None:
    short = submit_short(fleet, 60)
    long = fleet.submit(SLEEP, Sleep(seconds=20))
    short += submit_short(fleet, 60)
    wait_for_short(fleet, short, ran)
    assert fleet.job(long).state == "STARTED"


def test_order_to_stop_reaches_the_one_that_is_meant(fleet: Fleet, ran: Path) -> None:
    short = submit_short(fleet, 40)
    doomed = [fleet.submit(CLEAN_UP, Sleep(seconds=60))]
    short += submit_short(fleet, 40)
    doomed += [fleet.submit(CLEAN_UP, Sleep(seconds=60))]
    short += submit_short(fleet, 20)
    for job_id in doomed:
        fleet.wait_for_state(job_id, "STARTED")
    later = submit_short(fleet, 20)
    for job_id in doomed:
        job_orders.cancel(fleet.engine, PROJECT, job_id)
    for job_id in doomed:
        assert fleet.wait_for_state(job_id, "REVOKED", seconds=10).attempts == 1
    wait_for_short(fleet, short + later, ran)


def test_those_behind_one_that_kills_its_process_or_has_a_limit_are_not_harmed(
    fleet: Fleet, ran: Path
) -> None:
    short = submit_short(fleet, 40)
    others = []
    for contract, parameters in (
        (DIE, Die(times=1)),
        (SOFT, Sleep(seconds=20)),
        (DIE, Die(times=1, how="exit")),
        (HARD, Sleep(seconds=20)),
    ):
        others.append(fleet.submit(contract, parameters))
        short += submit_short(fleet, 20)
    wait_for_short(fleet, short, ran)
    rows = [fleet.wait_for_state(job_id, "SUCCESS", "FAILURE", seconds=40) for job_id in others]
    assert [(row.state, row.attempts) for row in rows] == [
        ("SUCCESS", 2),
        ("FAILURE", 3),
        ("SUCCESS", 2),
        ("FAILURE", 1),
    ]


def test_worker_that_leaves_gives_back_those_behind_a_long_one(
    make_fleet: MakeFleet, ran: Path
) -> None:
    fleet = make_fleet(E2E_RAN=ran, SHUTDOWN_GRACE_SECONDS=60)
    first = fleet.start_worker()
    before = submit_short(fleet, 40)
    wait_for_short(fleet, before, ran)
    long = [fleet.submit(SLEEP, Sleep(seconds=60)) for _ in range(2)]
    short = submit_short(fleet, 20)
    for job_id in long:
        fleet.wait_until_begun(job_id)
    fleet.start_worker()
    first.terminate()
    wait_for_short(fleet, before + short, ran)
    assert first.status is None
    assert {fleet.job(job_id).worker_id for job_id in long} == {fleet.job(before[0]).worker_id}
