"""Schedules on a fleet: each run is one job, and begins on its second."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import select

from chalicelib.broker.contracts.diagnostics import ECHO
from chalicelib.db.engine import connect
from chalicelib.db.tables import jobs
from chalicelib.domain.schedules import ScheduleSpec
from chalicelib.services import schedules
from tests.e2e.conftest import MakeFleet
from tests.e2e.fleet import PROJECT, Fleet
from tests.e2e.worker_process import wait_until


def list_runs(fleet: Fleet) -> list[Any]:
    with connect(fleet.engine) as connection:
        query = select(jobs).where(jobs.c.task == ECHO.name).order_by(jobs.c.id)
        return list(connection.execute(query))


def count_done(fleet: Fleet) -> int:
    return sum(1 for run in list_runs(fleet) if run.state == "SUCCESS")


@pytest.mark.parametrize("database", ["sqlite", "mariadb"])
def test_schedule_of_every_second_runs_each_second_once(
    make_fleet: MakeFleet, database: str
) -> None:
    fleet = make_fleet(database)
    for _ in range(2):
        fleet.start_worker()
    spec = ScheduleSpec(
        name="tick", task=ECHO.name, parameters={"message": "tick"}, every_seconds=1
    )
    schedule = schedules.create(fleet.engine, PROJECT, spec)
    wait_until(lambda: count_done(fleet) >= 8, 40)
    paused = schedules.pause(fleet.engine, PROJECT, schedule.id)
    assert paused.next_run_at is None
    wait_until(lambda: count_done(fleet) == len(list_runs(fleet)), 20)
    runs = list_runs(fleet)
    assert [run.result for run in runs] == ["tick"] * len(runs)
    for before, after in pairwise(run.run_at for run in runs):
        assert 0.9 < (after - before).total_seconds() < 1.1
    assert all(run.started_at >= run.run_at for run in runs)
