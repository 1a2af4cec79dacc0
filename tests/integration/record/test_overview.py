"""The overview tells what happened, the same before and after jobs are counted."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, select

from chalicelib.db.clock import seconds_from_now
from chalicelib.db.engine import connect, make_engine
from chalicelib.db.tables import job_counts
from chalicelib.services import controls
from chalicelib.services.job_counts import keep_counts
from chalicelib.services.overview import look as look_at
from tests.factories.jobs import create_job, set_job
from tests.factories.schedules import create_schedule
from tests.factories.workers import create_worker
from tests.statements import recorded, verbs


def look(engine: Engine, project_id: str, window: str) -> Any:
    return look_at(engine, project_id, window, datetime.now(UTC))


def end(engine: Engine, state: str, *, ago: float, waited: float = 1.5, **values: Any) -> str:
    """A job that ended `ago` seconds ago after it had waited."""
    job_id = create_job(engine, state=state, **values).id
    due = seconds_from_now(-ago - waited)
    begun = seconds_from_now(-ago)
    moments = {"created_at": due, "run_at": due, "started_at": begun, "finished_at": begun}
    set_job(engine, job_id, **moments)
    return str(job_id)


def spread(engine: Engine) -> None:
    """Jobs of now, of some minutes ago, of hours ago, and of another project."""
    for ago in (5, 400, 400, 7000, 30_000):
        end(engine, "SUCCESS", ago=ago)
    error = {"type": "CloudError", "message": "no"}
    for ago in (10, 400, 7000):
        end(engine, "FAILURE", ago=ago, waited=100, error=error)
    end(engine, "SUCCESS", ago=400, project_id="other")


@pytest.mark.parametrize("ago", [None, 30_000])
def test_minutes_in_which_nothing_ended_cost_nothing(engine: Engine, ago: float | None) -> None:
    if ago is not None:
        end(engine, "SUCCESS", ago=ago)
        assert keep_counts(engine) == 1
    with recorded(engine) as sent:
        assert keep_counts(engine) == 0
    assert verbs(sent) == ["SELECT", "SELECT"]


@pytest.mark.parametrize("is_counted", [False, True])
def test_what_ended_is_counted_once(engine: Engine, is_counted: bool) -> None:
    spread(engine)
    if is_counted:
        assert keep_counts(engine)
        assert keep_counts(engine) == 0
    hour, day = look(engine, "demo", "hour"), look(engine, "demo", "day")
    assert (hour.succeeded, hour.failed, len(hour.points)) == (3, 2, 60)
    assert (day.succeeded, day.failed, len(day.points)) == (5, 3, 96)
    assert sum(point.succeeded for point in day.points) == 5
    assert look(engine, "other", "hour").succeeded == 1
    assert hour.wait_p50 is not None
    assert hour.wait_p95 is not None
    assert 1 < hour.wait_p50 <= 2
    assert 60 < hour.wait_p95 <= 120


def test_counts_stay_when_jobs_are_run_again_and_go_after_a_day(engine: Engine) -> None:
    job_id = end(engine, "FAILURE", ago=400)
    end(engine, "SUCCESS", ago=100_000)
    keep_counts(engine)
    set_job(engine, job_id, state="PENDING", finished_at=None)
    assert look(engine, "demo", "hour").failed == 1
    with connect(engine) as connection:
        assert len(connection.execute(select(job_counts)).all()) == 1
        connection.execute(job_counts.update().values(minute=job_counts.c.minute - 1600))
    end(engine, "SUCCESS", ago=300)
    keep_counts(engine)
    with connect(engine) as connection:
        [row] = connection.execute(select(job_counts)).all()
    assert row.state == "SUCCESS"


def test_failures_are_grouped_by_task_and_kind(engine: Engine) -> None:
    spread(engine)
    last = end(engine, "FAILURE", ago=1, error={"type": "Bug", "message": "x"}, task="test.other")
    first, second = look(engine, "demo", "hour").failures
    assert (first.task, first.error_type, first.count) == ("test.echo", "CloudError", 2)
    assert (second.task, second.error_type, second.last_job_id) == ("test.other", "Bug", last)


def test_workers_and_what_is_paused_are_told(engine: Engine) -> None:
    create_worker(engine, concurrency=4)
    create_worker(engine, concurrency=4, last_heartbeat_at=seconds_from_now(-300))
    create_job(engine, state="STARTED")
    controls.pause(engine, "queue", "network")
    create_schedule(engine, name="nightly", paused_at=seconds_from_now(0))
    create_schedule(engine, name="theirs", paused_at=seconds_from_now(0), project_id="other")
    seen = look(engine, "demo", "hour")
    assert (seen.workers.alive, seen.workers.capacity, seen.workers.running) == (1, 4, 1)
    assert [(one.kind, one.name) for one in seen.paused] == [
        ("queue", "network"),
        ("schedule", "nightly"),
    ]


def test_it_takes_few_statements_however_many_jobs_there_are(engine: Engine) -> None:
    spread(engine)
    with recorded(engine) as sent:
        look(engine, "demo", "day")
    assert 1 <= verbs(sent).count("SELECT") <= 24


def test_it_holds_one_connection_at_a_time(database_url: str) -> None:
    engine = make_engine(database_url, pool_size=1, pool_timeout=0.2)
    assert look(engine, "demo", "day").succeeded == 0
    engine.dispose()
