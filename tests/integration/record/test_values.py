"""What is written is what is read, on each kind of database."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from sqlalchemy import Engine, select
from sqlalchemy.exc import StatementError

from chalicelib.db.clock import now, seconds_from_now
from tests.factories.jobs import create_job, read_job, set_job


@pytest.mark.parametrize(
    "value",
    [
        {},
        {"b": 1, "a": 2},
        {"text": "schön 鈴 \U0001f514 \uffff \x00 ' \" \\ % :name"},
        {"large": 2**63, "exact": 0.1, "long": 12345678901234567890},
        {"deep": [[[{"a": [None, True]}]]]},
    ],
)
def test_json_comes_back_as_it_was(engine: Engine, value: Any) -> None:
    job = create_job(engine, parameters=value)
    assert job.parameters == value
    assert list(job.parameters) == list(value)


def test_megabytes_of_json_come_back(engine: Engine) -> None:
    value = {"text": "ä" * 3_000_000}
    assert create_job(engine, parameters=value).parameters == value


def test_moments_keep_their_microseconds_and_are_in_utc(engine: Engine) -> None:
    at = datetime(2031, 2, 3, 4, 5, 6, 789012, timezone(timedelta(hours=5, minutes=30)))
    job = create_job(engine, run_at=at)
    assert job.run_at == at
    assert job.run_at.tzinfo is UTC


def test_moment_without_zone_is_refused(engine: Engine) -> None:
    with pytest.raises(StatementError, match="without time zone"):
        create_job(engine, run_at=datetime(2031, 2, 3))  # noqa: DTZ001 - that is the point


def test_clock_is_the_databases_and_in_utc(engine: Engine) -> None:
    with engine.connect() as connection:
        query = select(now(), seconds_from_now(90.5), seconds_from_now(-86_400.0 * 400))
        at, later, before = connection.execute(query).one()
    assert abs(datetime.now(UTC) - at) < timedelta(minutes=1)
    assert later - at == timedelta(seconds=90.5)
    assert at - before == timedelta(days=400)


def test_moments_of_clock_and_of_python_compare_as_time(engine: Engine) -> None:
    job = create_job(engine)
    set_job(engine, job.id, started_at=datetime.now(UTC), finished_at=seconds_from_now(0.5))
    row = read_job(engine, job.id)
    assert timedelta(0) < row.finished_at - row.started_at < timedelta(seconds=30)


def test_ids_that_differ_in_case_are_two_jobs(engine: Engine) -> None:
    create_job(engine, id="abc", parameters={"n": 1})
    create_job(engine, id="ABC", parameters={"n": 2})
    assert read_job(engine, "abc").parameters == {"n": 1}
    assert read_job(engine, "ABC").parameters == {"n": 2}
