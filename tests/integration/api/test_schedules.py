"""Schedules over HTTP."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from tests.factories.schedules import REPORT, create_schedule, install_report

NEW = {"name": "nightly", "task": REPORT.name, "cron": "30 2 * * *", "time_zone": "Europe/Berlin"}


@pytest.fixture(autouse=True)
def _report(monkeypatch: pytest.MonkeyPatch) -> None:
    install_report(monkeypatch)


def test_created_schedule_shows_its_next_five_runs(api: Any) -> None:
    answer = api("POST", "/schedules", NEW)
    assert answer.status == 201, answer
    assert answer.headers["Location"] == f"/schedules/{answer.body['id']}"
    runs = answer.body["next_runs"]
    assert len(runs) == 5
    assert {run[11:] for run in runs} <= {"00:30:00Z", "01:30:00Z", "01:00:00Z"}
    assert NEW.items() <= answer.body.items()
    found = api("GET", f"/schedules/{answer.body['id']}")
    assert (found.status, found.body) == (200, answer.body)


def test_life_of_a_schedule(api: Any, engine: Engine) -> None:
    path = f"/schedules/{create_schedule(engine).id}"
    paused = api("POST", f"{path}/pause").body
    assert (paused["paused_at"] is None, paused["next_runs"]) == (False, [])
    assert len(api("POST", f"{path}/resume").body["next_runs"]) == 5
    changed = api("PUT", path, {"cron": "@daily", "parameters": {"pages": 3}})
    assert (changed.body["every_seconds"], changed.body["parameters"]) == (None, {"pages": 3})
    deleted = api("DELETE", path)
    assert (deleted.status, deleted.body) == (204, None)
    assert api("GET", path).status == 404


def test_run_now_answers_with_the_job(api: Any, engine: Engine, sqs: Any) -> None:
    path = f"/schedules/{create_schedule(engine).id}"
    answer = api("POST", f"{path}/run")
    assert (answer.status, answer.body["task"]) == (202, REPORT.name)
    assert answer.headers["Location"] == f"/jobs/{answer.body['id']}"
    assert api("GET", answer.headers["Location"]).body == answer.body
    assert sqs.job_ids() == [answer.body["id"]]


@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"task": "no.such"}, "#/task"),
        ({"cron": "every day"}, "#/cron"),
        ({"cron": "x" * 256}, "#/cron"),
        ({"cron": "* * * * *", "every_seconds": 5}, "#/cron"),
        ({"cron": None}, "#/cron"),
        ({"cron": None, "every_seconds": 0}, "#/every_seconds"),
        ({"time_zone": "Europe"}, "#/time_zone"),
        ({"parameters": {"pages": []}}, "#/parameters/pages"),
        ({"if_missed": "maybe"}, "#/if_missed"),
        ({"name": ""}, "#/name"),
        ({"colour": "red"}, "#/colour"),
    ],
)
def test_bad_field_is_pointed_at(api: Any, change: dict[str, Any], pointer: str) -> None:
    answer = api("POST", "/schedules", NEW | change)
    assert (answer.status, answer.body["type"]) == (422, "/problems/invalid-fields")
    assert [error["pointer"] for error in answer.body["errors"]] == [pointer]


def test_name_that_is_taken_is_a_conflict(api: Any) -> None:
    api("POST", "/schedules", NEW)
    answer = api("POST", "/schedules", NEW)
    assert (answer.status, answer.body["type"]) == (409, "/problems/already-exists")


def test_empty_change_is_refused(api: Any, engine: Engine) -> None:
    assert api("PUT", f"/schedules/{create_schedule(engine).id}", {}).status == 422


def test_pages_end(api: Any, engine: Engine) -> None:
    made = [create_schedule(engine).id for _ in range(3)]
    first = api("GET", "/schedules?limit=2").body
    rest = api("GET", f"/schedules?limit=2&after={first['next']}").body
    assert [row["id"] for row in first["schedules"] + rest["schedules"]] == made[::-1]
    assert rest["next"] is None


def test_schedules_of_other_projects_are_not_there(api: Any, engine: Engine) -> None:
    path = f"/schedules/{create_schedule(engine, project_id='else').id}"
    for method, suffix in (
        ("GET", ""),
        ("DELETE", ""),
        ("POST", "/pause"),
        ("POST", "/resume"),
        ("POST", "/run"),
    ):
        assert api(method, path + suffix).status == 404
    assert api("PUT", path, {"name": "x"}).status == 404
    assert api("GET", "/schedules").body["schedules"] == []
