"""Schedules as their owners see them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import Engine

from chalicelib.domain.schedules import IfMissed, ScheduleChange, ScheduleSpec
from chalicelib.errors import AlreadyExists, ImmutableObject, InvalidFields, NotFound
from chalicelib.services import schedules
from chalicelib.services.scheduling import make_due
from tests.factories.jobs import create_job, read_job, set_job
from tests.factories.schedules import (
    REPORT,
    create_schedule,
    install_report,
    list_runs,
    read_schedule,
)
from tests.fakes.sqs import FakeSqs


@pytest.fixture(autouse=True)
def _report(monkeypatch: pytest.MonkeyPatch, sqs: FakeSqs) -> None:
    install_report(monkeypatch)


def make(engine: Engine, **overrides: Any) -> Any:
    values = {"name": "nightly", "task": REPORT.name, "every_seconds": 60, **overrides}
    return schedules.create(engine, "demo", ScheduleSpec(**values))


def seconds_until(row: Any) -> float:
    return float((row.next_run_at - row.updated_at).total_seconds())


def test_schedule_of_every_minute_runs_in_a_minute(engine: Engine) -> None:
    row = make(engine, parameters={"day": "sunday"}, if_missed=IfMissed.SKIP)
    assert seconds_until(row) == pytest.approx(60, abs=1)
    assert (row.parameters, row.if_missed, row.cron) == ({"day": "sunday"}, "skip", None)
    assert row == schedules.get(engine, "demo", row.id)


def test_schedule_by_cron_runs_when_it_says(engine: Engine) -> None:
    row = make(engine, every_seconds=None, cron="0 4 * * *", time_zone="Asia/Kathmandu")
    assert (row.next_run_at.hour, row.next_run_at.minute) == (22, 15)


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"task": "no.such"}, "/task"),
        ({"task": "network.loadbalancers.create"}, "/task"),
        ({"parameters": {"colour": 1}}, "/parameters/colour"),
        ({"parameters": {"pages": "many"}}, "/parameters/pages"),
        ({"every_seconds": None}, "/cron"),
        ({"every_seconds": None, "cron": "x"}, "/cron"),
        ({"every_seconds": None, "cron": "* * * * *", "time_zone": "x"}, "/time_zone"),
    ],
)
def test_what_cannot_run_is_refused_at_its_place(
    engine: Engine, fields: dict[str, Any], pointer: str
) -> None:
    with pytest.raises(InvalidFields) as told:
        make(engine, **fields)
    assert [where for where, _ in told.value.fields] == [pointer]


def test_names_are_unique_within_a_project(engine: Engine) -> None:
    make(engine)
    with pytest.raises(AlreadyExists):
        make(engine)
    other = make(engine, name="other")
    with pytest.raises(AlreadyExists):
        schedules.change(engine, "demo", other.id, ScheduleChange(name="nightly"))
    schedules.create(engine, "else", ScheduleSpec(name="nightly", task=REPORT.name, cron="@daily"))


def test_change_of_the_time_takes_back_what_was_made_ahead_of_it(engine: Engine) -> None:
    row = create_schedule(engine, every_seconds=10, next_run_at=_soon(engine))
    make_due(engine)
    assert list_runs(engine, row.id)
    changed = schedules.change(engine, "demo", row.id, ScheduleChange(cron="0 4 * * *"))
    assert list_runs(engine, row.id) == []
    assert (changed.every_seconds, changed.cron) == (None, "0 4 * * *")
    assert (changed.next_run_at.hour, changed.next_run_at.minute) == (4, 0)


def test_change_of_other_things_keeps_the_time(engine: Engine) -> None:
    row = create_schedule(engine)
    changed = schedules.change(
        engine, "demo", row.id, ScheduleChange(parameters={"pages": 2}, if_missed=IfMissed.SKIP)
    )
    assert changed.next_run_at == row.next_run_at
    assert (changed.parameters, changed.if_missed) == ({"pages": 2}, "skip")
    with pytest.raises(InvalidFields):
        schedules.change(engine, "demo", row.id, ScheduleChange(parameters={"pages": "x"}))


def test_change_of_the_zone_moves_the_run(engine: Engine) -> None:
    row = make(engine, every_seconds=None, cron="30 4 * * *")
    changed = schedules.change(engine, "demo", row.id, ScheduleChange(time_zone="Asia/Kolkata"))
    assert changed.next_run_at.strftime("%H:%M") == "23:00"


def test_paused_schedule_makes_nothing_and_takes_back_what_is_to_come(
    engine: Engine, sqs: FakeSqs
) -> None:
    row = create_schedule(engine, every_seconds=10, next_run_at=_soon(engine))
    make_due(engine)
    paused = schedules.pause(engine, "demo", row.id)
    assert (paused.next_run_at, list_runs(engine, row.id)) == (None, [])
    assert paused.paused_at is not None
    assert make_due(engine) == 0
    assert schedules.pause(engine, "demo", row.id) == paused, "once more changes nothing"


def test_pause_leaves_jobs_whose_time_has_come(engine: Engine) -> None:
    row = create_schedule(engine, every_seconds=10, next_run_at=_soon(engine))
    make_due(engine)
    first, *_ = list_runs(engine, row.id)
    set_job(engine, first.id, run_at=row.created_at)
    other = create_job(engine, run_at=_soon(engine))
    schedules.pause(engine, "demo", row.id)
    assert [job.id for job in list_runs(engine, row.id)] == [first.id]
    assert read_job(engine, other.id) == other


def test_resumed_schedule_goes_on_from_now(engine: Engine) -> None:
    row = create_schedule(engine)
    schedules.pause(engine, "demo", row.id)
    resumed = schedules.resume(engine, "demo", row.id)
    assert resumed.paused_at is None
    assert seconds_until(resumed) == pytest.approx(3600, abs=2)
    assert schedules.resume(engine, "demo", row.id) == resumed, "once more changes nothing"


def test_changed_while_paused_stays_paused(engine: Engine) -> None:
    row = create_schedule(engine)
    schedules.pause(engine, "demo", row.id)
    changed = schedules.change(engine, "demo", row.id, ScheduleChange(every_seconds=5))
    assert changed.next_run_at is None
    assert seconds_until(schedules.resume(engine, "demo", row.id)) == pytest.approx(5, abs=1)


def test_run_now_makes_a_job_at_once_and_leaves_the_schedule_as_it_is(
    engine: Engine, sqs: FakeSqs
) -> None:
    row = create_schedule(engine)
    job = schedules.run_now(engine, "demo", row.id)
    assert (job.task, job.parameters, job.state) == (REPORT.name, {"day": "monday"}, "PENDING")
    assert sqs.job_ids() == [job.id]
    assert sqs.sent[0].delay_seconds == 0
    assert read_schedule(engine, row.id) == row


def test_run_now_works_on_a_paused_schedule_and_says_why_it_cannot(engine: Engine) -> None:
    row = create_schedule(engine, task="gone")
    schedules.pause(engine, "demo", row.id)
    with pytest.raises(ImmutableObject, match="no task gone"):
        schedules.run_now(engine, "demo", row.id)
    known = create_schedule(engine)
    schedules.pause(engine, "demo", known.id)
    assert schedules.run_now(engine, "demo", known.id).state == "PENDING"


def test_deleted_schedule_leaves_its_jobs(engine: Engine) -> None:
    row = create_schedule(engine)
    job = schedules.run_now(engine, "demo", row.id)
    schedules.delete_schedule(engine, "demo", row.id)
    assert list_runs(engine, row.id) == [job]
    with pytest.raises(NotFound):
        schedules.get(engine, "demo", row.id)


def test_other_projects_see_and_change_nothing(engine: Engine) -> None:
    row = create_schedule(engine)
    for verb in (schedules.get, schedules.pause, schedules.resume, schedules.run_now):
        with pytest.raises(NotFound):
            verb(engine, "else", row.id)
    with pytest.raises(NotFound):
        schedules.delete_schedule(engine, "else", row.id)
    with pytest.raises(NotFound):
        schedules.change(engine, "else", row.id, ScheduleChange(name="mine"))
    assert schedules.list_newest(engine, "else", limit=5) == []
    assert read_schedule(engine, row.id) == row


def test_pages_hold_each_schedule_once(engine: Engine) -> None:
    made = [create_schedule(engine).id for _ in range(5)]
    first = schedules.list_newest(engine, "demo", limit=3)
    rest = schedules.list_newest(engine, "demo", limit=3, after=first[-1].id)
    assert [row.id for row in [*first, *rest]] == made[::-1]


def _soon(engine: Engine) -> Any:
    from chalicelib.db.clock import read_clock
    from chalicelib.db.engine import connect

    with connect(engine) as connection:
        return read_clock(connection) + timedelta(seconds=5)
