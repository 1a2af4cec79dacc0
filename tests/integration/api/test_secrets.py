"""Secrets that pass through the API are in no log line, in no answer and in no column."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from sqlalchemy import Engine

from chalicelib.db.tables import metadata
from chalicelib.logs import JsonFormatter
from tests.fakes.sqs import FakeSqs

CANARY = "canary-4f1d9c"


@pytest.fixture
def logged(caplog: pytest.LogCaptureFixture) -> Any:
    caplog.set_level(logging.DEBUG)

    def text() -> str:
        lines = [JsonFormatter().format(record) for record in caplog.records]
        return "\n".join([caplog.text, *lines])

    return text


def test_parameters_are_in_no_log_whatever_happens(
    api: Any, sqs: FakeSqs, logged: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def send(message: Any, **more: Any) -> Any:
        body = {"task": "diagnostics.echo", "parameters": {"message": message}, **more}
        return api("POST", "/jobs", body, headers={"X-Auth-Token": api.token})

    assert send(CANARY).status == 202
    sqs.go_away()
    assert send(CANARY).status == 202
    assert send(CANARY, delay_seconds="x").status == 422
    assert api("POST", "/jobs", b'{"' + CANARY.encode()).status == 400

    def fail(*_: Any, **__: Any) -> Any:
        raise RuntimeError("broken")

    monkeypatch.setattr("chalicelib.services.jobs.make_job", fail)
    answer = send(CANARY)
    assert answer.status == 500
    assert CANARY not in json.dumps(answer.body)
    assert "request answered" in logged()
    assert CANARY not in logged()


def test_token_is_in_no_log_no_answer_and_no_column(api: Any, engine: Engine, logged: Any) -> None:
    made = api("POST", "/tokens", {"scope": "write"}).body["token"]
    shown = {"X-Auth-Token": made}
    for method, path, body in (
        ("POST", "/jobs", {"task": "diagnostics.echo"}),
        ("GET", "/jobs", None),
        ("GET", "/tokens", None),
        ("GET", f"/jobs/{made}", None),
    ):
        answer = api(method, path, body, headers=shown)
        if made not in path:
            assert made not in json.dumps(answer.body)
    api("GET", "/jobs", headers={"X-Auth-Token": f"{made}x"})
    with engine.connect() as connection:
        for table in metadata.sorted_tables:
            assert made not in str(connection.execute(table.select()).all()), table.name
    without_path = [line for line in logged().splitlines() if f"/jobs/{made}" not in line]
    assert made not in "\n".join(without_path)


def test_password_of_the_database_is_in_no_log_and_no_answer(
    api: Any, environment: Any, logged: Any
) -> None:
    environment(DATABASE_URL=f"mysql+pymysql://user:{CANARY}@127.0.0.1:9/nowhere")
    answer = api("GET", "/jobs")
    assert answer.status == 503
    assert CANARY not in json.dumps(answer.body) + logged()
