"""Who may do what: by token, by scope, and in their own project only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine

from app import app
from chalicelib.api.auth import PUBLIC
from chalicelib.domain.scopes import Scope, permits
from chalicelib.services.tokens import list_all, revoke
from tests.factories.jobs import create_job
from tests.factories.load_balancers import create_load_balancer

ROUTES = [
    entry
    for methods in app.routes.values()
    for entry in methods.values()
    if ("GET" if entry.method == "HEAD" else entry.method, entry.uri_pattern) not in PUBLIC
    and entry.method != "OPTIONS"
]


def path_of(entry: Any) -> str:
    return str(entry.uri_pattern).replace("{", "").replace("}", "")


def test_health_asks_for_no_token_and_no_database(environment: Callable[..., None]) -> None:
    event = {
        "requestContext": {"httpMethod": "GET", "resourcePath": "/health", "path": "/health"},
        "multiValueQueryStringParameters": None,
        "headers": None,
        "pathParameters": None,
        "body": None,
        "stageVariables": None,
    }
    assert app(event, None)["statusCode"] == 200


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Auth-Token": "bp_unknown"},
        {"Authorization": "Bearer bp_unknown"},
        {"Authorization": "Basic eDp5"},
        {"X-Auth-Token": "bp_ö\ud800"},
        {"X-Auth-Token": "x" * 100_000},
    ],
)
def test_no_route_answers_without_a_valid_token(api: Any, headers: dict[str, str]) -> None:
    for entry in ROUTES:
        # Neither body nor query is looked at before the token is.
        sent = {**headers, "Content-Type": "text/plain"}
        answer = api(entry.method, f"{path_of(entry)}?x=1", b"{", headers=sent)
        assert (answer.status, answer.body["type"]) == (401, "/problems/unauthorized")
        assert answer.headers["WWW-Authenticate"] == "Bearer"


@pytest.mark.parametrize("scope", list(Scope))
def test_scope_decides_what_a_token_may_do(
    api: Any, mint_token: Callable[..., str], scope: Scope
) -> None:
    headers = {"X-Auth-Token": mint_token(scope)}
    for entry in ROUTES:
        answer = api(entry.method, path_of(entry), b"{", headers=headers)
        is_permitted = permits([scope], entry.view_function.declared.scope)  # type: ignore[attr-defined]
        assert (answer.status != 403) == is_permitted, entry.uri_pattern
        if not is_permitted:
            assert entry.view_function.declared.scope in answer.body["detail"]  # type: ignore[attr-defined]


def test_revoked_token_is_worth_nothing(api: Any, engine: Engine) -> None:
    assert api("GET", "/loadbalancers").status == 200
    revoke(engine, list_all(engine)[0].id)
    assert api("GET", "/loadbalancers").status == 401


def test_token_is_taken_from_either_header_and_from_both_if_equal(
    api: Any, mint_token: Callable[..., str]
) -> None:
    bearer = {"Authorization": f"Bearer {api.token}"}
    assert api("GET", "/loadbalancers", headers=bearer).status == 200
    both = {**bearer, "X-Auth-Token": api.token}
    assert api("GET", "/loadbalancers", headers=both).status == 200
    different = {**bearer, "X-Auth-Token": mint_token("admin")}
    assert api("GET", "/loadbalancers", headers=different).status == 401


def test_rows_of_another_project_are_not_there(
    api: Any, mint_token: Callable[..., str], engine: Engine
) -> None:
    job = create_job(engine)
    record = create_load_balancer(engine, job_id=job.id)
    other = {"X-Auth-Token": mint_token("admin", "other")}
    for method, path, body in (
        ("GET", f"/loadbalancers/{record.id}", None),
        ("PUT", f"/loadbalancers/{record.id}", {"name": "mine"}),
        ("DELETE", f"/loadbalancers/{record.id}", None),
        ("GET", f"/loadbalancers?after={record.id}", None),
        ("GET", f"/jobs/{job.id}", None),
        ("GET", f"/jobs/{job.id}/attempts", None),
        ("POST", f"/jobs/{job.id}/cancel", None),
    ):
        assert api(method, path, body, headers=other).status == 404
    assert api("GET", "/loadbalancers", headers=other).body["load_balancers"] == []
    assert api("GET", f"/loadbalancers/{record.id}").body["id"] == record.id
