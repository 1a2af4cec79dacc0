"""What HTTP clients may expect: entity tags, preconditions, CORS, headers, readiness."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from tests.factories.jobs import create_job, set_job
from tests.factories.load_balancers import create_load_balancer


def with_header(api: Any, name: str, value: str) -> dict[str, str]:
    return {"X-Auth-Token": api.token, name: value}


def test_answer_that_is_known_is_not_sent_again(api: Any, engine: Engine) -> None:
    job = create_job(engine)
    for path in (f"/jobs/{job.id}", "/jobs"):
        first = api("GET", path)
        etag = first.headers["ETag"]
        for known in (etag, f'"x", {etag}', f"W/{etag}", "*"):
            again = api.raw("GET", path, headers=with_header(api, "If-None-Match", known))
            assert (again["statusCode"], again["body"]) == (304, "")
            assert again["headers"]["ETag"] == etag
    set_job(engine, job.id, state="STARTED")
    etag = first.headers["ETag"]
    assert api("GET", "/jobs", headers=with_header(api, "If-None-Match", etag)).status == 200


def test_head_says_what_get_does(api: Any, engine: Engine) -> None:
    path = f"/jobs/{create_job(engine).id}"
    for each in (path, "/health", "/jobs?limit=0", "/jobs/nowhere"):
        head, get = api.raw("HEAD", each), api.raw("GET", each)
        for answer in (head, get):
            answer["headers"].pop("X-Request-Id")
        assert head == get
    etag = api("GET", path).headers["ETag"]
    again = api.raw("HEAD", path, headers=with_header(api, "If-None-Match", etag))
    assert again["statusCode"] == 304


def test_change_of_what_has_changed_since_is_refused(api: Any, engine: Engine) -> None:
    record = create_load_balancer(engine)
    path = f"/loadbalancers/{record.id}"
    etag = api("GET", path).headers["ETag"]
    for method, body in (("PUT", {"name": "new"}), ("DELETE", None)):
        answer = api(method, path, body, headers=with_header(api, "If-Match", '"old"'))
        assert (answer.status, answer.body["type"]) == (412, "/problems/precondition-failed")
    assert (
        api("PUT", path, {"name": "new"}, headers=with_header(api, "If-Match", etag)).status == 202
    )
    assert api("DELETE", path, headers=with_header(api, "If-Match", etag)).status == 412


def test_schedule_that_has_changed_since_is_left_alone(api: Any) -> None:
    body = {"name": "s", "task": "diagnostics.echo", "every_seconds": 3600}
    path = f"/schedules/{api('POST', '/schedules', body).body['id']}"
    etag = api("GET", path).headers["ETag"]
    stale = with_header(api, "If-Match", '"old"')
    assert api("PUT", path, {"name": "t"}, headers=stale).status == 412
    assert api("DELETE", path, headers=stale).status == 412
    fresh = with_header(api, "If-Match", etag)
    assert api("PUT", path, {"name": "t"}, headers=fresh).status == 200


@pytest.mark.parametrize(
    ("made", "body", "change", "is_for_ever"),
    [
        ("/webhooks", {"url": "https://example.com/hook"}, {"events": ["job.*"]}, False),
        ("/tokens", {"scope": "read"}, None, False),
        ("/queues/default/limit", None, {"at_once": 2}, True),
        ("/tasks/diagnostics.echo/limit", None, {"rate_count": 5}, True),
    ],
)
def test_what_is_changed_meanwhile_is_not_overwritten(
    api: Any, made: str, body: Any, change: Any, is_for_ever: bool
) -> None:
    path = made if is_for_ever else f"{made}/{api('POST', made, body).body['id']}"
    etag = api("GET", path).headers["ETag"]
    stale = with_header(api, "If-Match", '"old"')
    for method in ("PUT", "DELETE") if change else ("DELETE",):
        answer = api(method, path, change, headers=stale)
        assert (answer.status, answer.body["type"]) == (412, "/problems/precondition-failed")
    if change:
        fresh = with_header(api, "If-Match", etag)
        assert api("PUT", path, change, headers=fresh).status == 200
        assert api("DELETE", path, headers=fresh).status == 412
        etag = api("GET", path).headers["ETag"]
    assert api("DELETE", path, headers=with_header(api, "If-Match", etag)).status == 204


def test_every_answer_has_the_headers_that_browsers_heed(api: Any) -> None:
    for path in ("/jobs", "/health", "/nowhere", "/jobs/x"):
        headers = api("GET", path).headers if path != "/nowhere" else api("PATCH", "/jobs").headers
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert headers["Strict-Transport-Security"]
        assert headers["Referrer-Policy"] == "no-referrer"
        assert "Access-Control-Allow-Origin" not in headers


# --- CORS ------------------------------------------------------------------------------------

ORIGIN = "https://console.example.com"


def test_pages_elsewhere_are_not_permitted_unless_configured(api: Any) -> None:
    answer = api("GET", "/jobs", headers=with_header(api, "Origin", ORIGIN))
    assert not [name for name in answer.headers if name.lower().startswith("access-control")]
    preflight = api.raw("OPTIONS", "/jobs", headers={"Origin": ORIGIN})
    assert preflight["statusCode"] == 204
    assert preflight["headers"]["Allow"] == "POST, GET, HEAD, OPTIONS"
    assert not [name for name in preflight["headers"] if name.startswith("Access-Control")]


@pytest.mark.parametrize(
    "asked",
    [
        (f"https://a.example, {ORIGIN}/", ORIGIN, ORIGIN),
        (ORIGIN, "https://evil.example", None),
        ("*", "https://any.example", "*"),
    ],
)
def test_pages_of_configured_origins_are_permitted(
    api: Any, environment: Any, engine: Engine, asked: tuple[str, str, str | None]
) -> None:
    configured, origin, permitted = asked
    environment(
        DATABASE_URL=engine.url.render_as_string(hide_password=False), CORS_ORIGINS=configured
    )
    preflight = api.raw("OPTIONS", "/jobs/x", headers={"Origin": origin})["headers"]
    assert preflight.get("Access-Control-Allow-Origin") == permitted
    assert ("X-Auth-Token" in preflight.get("Access-Control-Allow-Headers", "")) == bool(permitted)
    refused = api("GET", "/jobs", headers={"Origin": origin})
    assert refused.status == 401
    assert refused.headers.get("Access-Control-Allow-Origin") == permitted
    assert refused.headers["Vary"] == "Origin"


# --- Readiness -------------------------------------------------------------------------------


def test_service_is_ready_when_database_and_queue_answer(
    api: Any, environment: Any, engine: Engine, moto_server: str
) -> None:
    url = engine.url.render_as_string(hide_password=False)
    environment(DATABASE_URL=url, SQS_ENDPOINT_URL=moto_server)
    assert api("GET", "/ready", headers={}).body == {"status": "ok"}
    environment(SQS_ENDPOINT_URL="http://127.0.0.1:9")
    answer = api("GET", "/ready", headers={})
    assert (answer.status, answer.body["type"]) == (503, "/problems/not-ready")
    assert answer.headers["Retry-After"] == "5"
    assert "127.0.0.1" not in str(answer.body)
    environment(
        SQS_ENDPOINT_URL=moto_server, DATABASE_URL="mysql+pymysql://root@127.0.0.1:9/nowhere"
    )
    assert api("GET", "/ready", headers={}).status == 503
