"""Tokens and the audit over HTTP: made, rotated, revoked, each in its own project."""

from __future__ import annotations

import time
from typing import Any

import pytest
from sqlalchemy import Engine, update

from chalicelib.db.clock import seconds_from_now
from chalicelib.db.tables import tokens
from chalicelib.services import rate_limits
from chalicelib.services.tokens import list_all


def show(token: str) -> dict[str, str]:
    return {"X-Auth-Token": token}


def test_made_token_works_and_is_shown_once(api: Any) -> None:
    answer = api("POST", "/tokens", {"scope": "read", "name": "dashboard"})
    made = answer.body
    assert (answer.status, answer.headers["Location"]) == (201, f"/tokens/{made['id']}")
    assert api("GET", "/jobs", headers=show(made["token"])).status == 200
    assert api("POST", "/jobs/cancel", {}, headers=show(made["token"])).status == 403
    looked = api("GET", f"/tokens/{made['id']}").body
    assert (looked["name"], looked["scopes"]) == ("dashboard", ["read"])
    assert looked["last_used_at"] is not None
    assert made["token"] not in str(looked)
    assert made["token"] not in str(api("GET", "/tokens").body)


def test_tokens_are_listed_newest_first_in_pages(api: Any) -> None:
    own = api("GET", "/tokens").body["tokens"][0]["id"]
    made = [api("POST", "/tokens", {"scope": "read"}).body["id"] for _ in range(4)]
    found, path = [], "/tokens?limit=2"
    while path:
        answer = api("GET", path)
        found.append([one["id"] for one in answer.body["tokens"]])
        after = answer.body["next"]
        assert ("Link" in answer.headers) is bool(after)
        path = after and f"/tokens?limit=2&after={after}"
    newest = [*reversed(made), own]
    assert found == [newest[:2], newest[2:4], newest[4:]]
    assert api("GET", f"/tokens?after={'0' * 36}").status == 404


def test_expired_token_is_worth_nothing(api: Any, engine: Engine) -> None:
    made = api("POST", "/tokens", {"scope": "read", "expires_in_seconds": 60}).body
    assert made["expires_at"] > made["created_at"]
    assert api("GET", "/jobs", headers=show(made["token"])).status == 200
    with engine.connect() as connection:
        past = update(tokens).where(tokens.c.id == made["id"])
        connection.execute(past.values(expires_at=seconds_from_now(-1)))
    assert api("GET", "/jobs", headers=show(made["token"])).status == 401


def test_rotated_token_works_for_a_while_beside_its_successor(api: Any) -> None:
    old = api("POST", "/tokens", {"scope": "write", "name": "ci"}).body
    new = api("POST", f"/tokens/{old['id']}/rotate", {"overlap_seconds": 60}).body
    assert (new["name"], new["scopes"]) == ("ci", ["write"])
    for each in (old, new):
        assert api("GET", "/jobs", headers=show(each["token"])).status == 200
    last = api("POST", f"/tokens/{new['id']}/rotate", {}).body
    time.sleep(0.01)
    assert api("GET", "/jobs", headers=show(new["token"])).status == 401
    assert api("GET", "/jobs", headers=show(last["token"])).status == 200


def test_revoked_token_cannot_be_revoked_again(api: Any) -> None:
    made = api("POST", "/tokens", {"scope": "read"}).body
    assert api("DELETE", f"/tokens/{made['id']}").status == 204
    assert api("GET", "/jobs", headers=show(made["token"])).status == 401
    assert api("DELETE", f"/tokens/{made['id']}").status == 404
    assert api("GET", f"/tokens/{made['id']}").body["revoked_at"] is not None


def test_tokens_of_another_project_are_not_there(api: Any, mint_token: Any) -> None:
    other = show(mint_token("admin", "other"))
    made = api("POST", "/tokens", {"scope": "read"}).body
    for method, path, body in (
        ("GET", f"/tokens/{made['id']}", None),
        ("DELETE", f"/tokens/{made['id']}", None),
        ("POST", f"/tokens/{made['id']}/rotate", {}),
    ):
        assert api(method, path, body, headers=other).status == 404
    assert made["id"] not in str(api("GET", "/tokens", headers=other).body)
    assert made["id"] not in str(api("GET", "/audit", headers=other).body)


@pytest.mark.parametrize(
    "body", [{}, {"scope": "root"}, {"scope": "read", "expires_in_seconds": 59}, {"project": "x"}]
)
def test_token_that_cannot_be_is_refused(api: Any, body: Any) -> None:
    assert api("POST", "/tokens", body).status == 422


def test_use_is_written_down_once_a_minute(api: Any, engine: Engine) -> None:
    api("GET", "/jobs")
    first = list_all(engine)[0].last_used_at
    api("GET", "/jobs")
    assert list_all(engine)[0].last_used_at == first


def test_audit_says_who_did_what_newest_first(api: Any) -> None:
    record = api.create()
    job_id = record["job_id"]
    cancelled = api("POST", f"/jobs/{job_id}/cancel")
    entries = api("GET", "/audit?limit=2").body["entries"]
    assert [entry["action"] for entry in entries] == ["jobs.cancel", "loadbalancers.create"]
    assert [entry["target"] for entry in entries] == [job_id, record["id"]]
    assert entries[0]["token_id"] == entries[1]["token_id"] is not None
    assert entries[0]["request_id"] == cancelled.headers["X-Request-Id"]
    following = api("GET", f"/audit?limit=1&after={entries[0]['id']}").body["entries"]
    assert following == [entries[1]]


def test_job_says_who_submitted_it(api: Any, engine: Engine) -> None:
    job = api("POST", "/jobs", {"task": "diagnostics.echo"}).body
    assert job["created_by"] == list_all(engine)[0].id


# --- Rate limit ------------------------------------------------------------------------------


@pytest.fixture
def limited(api: Any, environment: Any, engine: Engine) -> Any:
    """The API with a limit of three requests a minute, of which none has begun."""
    environment(
        DATABASE_URL=engine.url.render_as_string(hide_password=False), RATE_LIMIT_PER_MINUTE="3"
    )
    rate_limits._reserved.clear()
    while time.time() % 60 > 55:
        time.sleep(0.5)
    return api


def test_token_is_let_through_as_often_as_it_may(limited: Any, mint_token: Any) -> None:
    assert [limited("GET", "/jobs").status for _ in range(4)] == [200, 200, 200, 429]
    answer = limited("GET", "/jobs")
    assert answer.body["type"] == "/problems/too-many-requests"
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert limited("GET", "/jobs", headers=show(mint_token("read"))).status == 200


def test_processes_share_the_limit(limited: Any) -> None:
    statuses = []
    for _ in range(5):
        rate_limits._reserved.clear()  # as another process, which has reserved nothing
        statuses.append(limited("GET", "/jobs").status)
    assert statuses == [200, 200, 200, 429, 429]


def test_next_minute_begins_anew(limited: Any, engine: Engine) -> None:
    for _ in range(4):
        limited("GET", "/jobs")
    with engine.connect() as connection:
        connection.execute(update(tokens).values(requests_minute=tokens.c.requests_minute - 1))
    assert limited("GET", "/jobs").status == 200
