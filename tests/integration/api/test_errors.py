"""Whatever is sent or breaks: the answer is a problem, without a trace, and not ours to blame."""

from __future__ import annotations

import base64
import json
import logging
from collections.abc import Callable
from typing import Any

import pytest

from app import app
from chalicelib.services import record_reading

GOOD = json.dumps({"name": "web", "subnet_ids": ["subnet-1"]}).encode()
PATH = "/loadbalancers"


def assert_problem(answer: Any, status: int, code: str | None) -> None:
    assert answer.status == answer.body["status"] == status, answer
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.body["type"] == (f"/problems/{code}" if code else "about:blank")
    assert answer.body.keys() >= {"title", "detail"}
    assert answer.headers["X-Request-Id"]
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Traceback" not in str(answer.body)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (None, 400, "malformed-body"),
        (b"", 400, "malformed-body"),
        (b"{", 400, "malformed-body"),
        (b'{"name": "\xff"}', 400, "malformed-body"),
        (b"[" * 10_000, 400, "malformed-body"),
        (b'{"name": NaN}', 400, "malformed-body"),
        (b'{"name": 1' + b"0" * 5000 + b"}", 400, "malformed-body"),
        (b'{"name": "a", "name": "b"}', 400, "malformed-body"),
        (b"[]", 422, "invalid-fields"),
        (b"null", 422, "invalid-fields"),
        (GOOD[:-1] + b', "tags": {"\\ud800": "x"}}', 422, "invalid-fields"),
        (b" " * 262_144 + GOOD, 413, "body-too-large"),
    ],
)
def test_bad_body_is_a_problem(api: Any, body: bytes | None, status: int, code: str) -> None:
    assert_problem(api("POST", PATH, body), status, code)


def test_unknown_field_is_named_with_a_pointer(api: Any) -> None:
    answer = api("POST", PATH, {"name": "x", "subnet_ids": ["a"], "colour/1": "red"})
    assert_problem(answer, 422, "invalid-fields")
    assert answer.body["errors"] == [
        {"pointer": "#/colour~11", "detail": "There is no such field."}
    ]


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("application/json", 202),
        ("application/json; charset=utf-8", 202),
        ("Application/JSON;charset=UTF-8", 202),
        ("text/plain", 415),
        ("application/x-www-form-urlencoded", 415),
        ("*/*", 415),
        ("text/plain, application/json", 415),
        ("\ud800", 415),
    ],
)
def test_body_must_be_announced_as_json(api: Any, content_type: str, status: int) -> None:
    headers = {"X-Auth-Token": api.token, "Content-Type": content_type}
    answer = api("POST", PATH, GOOD, headers=headers)
    assert answer.status == status
    if status != 202:
        assert_problem(answer, 415, "unsupported-media-type")


def test_odd_events_of_api_gateway_are_read(api: Any) -> None:
    encoded = base64.b64encode(GOOD).decode()
    for changes, status in (
        ({"body": encoded, "isBase64Encoded": True}, 202),
        ({"body": GOOD.decode()}, 202),
        ({"body": None, "isBase64Encoded": True}, 400),
        ({"body": "x", "isBase64Encoded": True}, 400),
        ({"body": "\xff", "isBase64Encoded": True}, 400),
        ({"body": "\ud800"}, 400),
    ):
        assert api("POST", PATH, **changes).status == status, changes
    assert api("GET", PATH, multiValueQueryStringParameters={}).status == 200
    assert api("GET", PATH, multiValueQueryStringParameters={"x": []}).status == 200


def test_body_that_is_compressed_is_refused_by_name(api: Any) -> None:
    headers = {"X-Auth-Token": api.token, "Content-Encoding": "gzip"}
    answer = api("POST", PATH, b"{}", headers=headers)
    assert_problem(answer, 415, "unsupported-media-type")
    assert "Content-Encoding" in answer.body["detail"]
    plain = {"X-Auth-Token": api.token, "Content-Encoding": "identity"}
    assert api("POST", PATH, b"{}", headers=plain).status == 422


def test_event_that_is_no_request_is_a_problem(environment: Callable[..., None]) -> None:
    events: list[Any] = [{}, {"requestContext": {}}, {"requestContext": {"resourcePath": None}}]
    for event in events:
        answer = app(event, None)
        assert answer["statusCode"] == 400
        assert json.loads(answer["body"])["type"] == "/problems/bad-request"


def test_wrong_method_is_a_problem_that_says_which_are_right(api: Any) -> None:
    answer = api("PATCH", PATH)
    assert_problem(answer, 405, None)
    assert answer.headers["Allow"] == "POST, GET, HEAD, OPTIONS"


def test_path_without_a_route_is_a_problem(api: Any) -> None:
    context = {"httpMethod": "GET", "resourcePath": "/nowhere", "path": "/nowhere"}
    assert_problem(api("GET", PATH, requestContext=context), 404, None)
    app.routes.pop("/nowhere")  # Chalice's table grows by what is asked of it


def test_database_that_is_down_is_a_503_that_says_when_to_come_back(
    api: Any, environment: Callable[..., None], caplog: pytest.LogCaptureFixture
) -> None:
    environment(DATABASE_URL="mysql+pymysql://root@127.0.0.1:9/nowhere")
    answer = api("GET", PATH)
    assert "Can't connect" in caplog.text
    assert "Traceback" not in caplog.text
    assert_problem(answer, 503, "database-unavailable")
    assert answer.headers["Retry-After"] == "5"


def test_fault_of_ours_is_told_to_the_log_and_not_to_the_caller(
    api: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise RuntimeError("password=hunter2")

    monkeypatch.setattr(record_reading, "list_newest", fail)
    context = {"httpMethod": "GET", "resourcePath": PATH, "path": PATH, "requestId": "gateway-7"}
    answer = api("GET", PATH, requestContext=context)
    assert_problem(answer, 500, None)
    assert "hunter2" not in str(answer)
    assert "gateway-7" in answer.body["detail"]
    assert answer.headers["X-Request-Id"] == "gateway-7"
    [error] = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert "gateway-7" in error.getMessage()
    assert "hunter2" in caplog.text


def test_missing_setting_is_a_fault_of_ours(
    environment: Callable[..., None], monkeypatch: pytest.MonkeyPatch, api: Any
) -> None:
    environment()
    monkeypatch.delenv("SQS_QUEUE_URL")
    assert_problem(api("GET", PATH), 500, None)


def test_each_request_is_one_line_in_the_log_without_secrets(
    api: Any, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    answer = api("POST", PATH, {"name": "confidential", "subnet_ids": ["s"]})
    [record] = [line for line in caplog.records if line.name == "chalicelib.api.middleware"]
    facts = vars(record)
    assert (facts["method"], facts["path"], facts["status"]) == ("POST", PATH, 202)
    assert (facts["project_id"], facts["request_id"]) == ("demo", answer.headers["X-Request-Id"])
    assert facts["duration_ms"] > 0
    assert api.token not in caplog.text
    assert "confidential" not in caplog.text
