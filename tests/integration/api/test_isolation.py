"""Each route, each role, another project's ids: nothing of it is seen, changed or acknowledged."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from sqlalchemy import Engine

from chalicelib.api.routing import ROUTES, Route
from chalicelib.domain.scopes import Scope, permits
from tests.factories.attempts import create_attempt
from tests.factories.jobs import create_job, read_job
from tests.factories.load_balancers import create_load_balancer, read_load_balancer
from tests.factories.servers import create_server, read_server

#: What is the same for all projects.
SHARED = {"queue": "default", "task": "diagnostics.echo", "upstream": "aws:us-east-1"}
BODIES: dict[str, Any] = {
    "change_load_balancer": {"name": "mine"},
    "change_server": {"name": "mine"},
    "change_schedule": {"name": "mine"},
    "change_webhook": {"url": "https://example.com/mine"},
    "rotate_token": {},
    "submit_job": {"task": "diagnostics.echo"},
    "cancel_jobs": {"task": "test.secret"},
    "retry_jobs": {"task": "test.secret"},
}
#: A route that asks for no token shows nothing of any project.
OF_PROJECTS = [each for each in ROUTES if each.declared.scope is not None]
WITH_IDS = [each for each in OF_PROJECTS if set(re.findall(r"{(\w+)}", each.path)) - set(SHARED)]
LISTS = [
    each
    for each in ROUTES
    if each.method == "GET" and "{" not in each.path and each.declared.scope is not None
]
MARK = "secret-of-another"


@pytest.fixture
def theirs(api: Any, engine: Engine, mint_token: Any) -> dict[str, str]:
    """Ids of what another project has."""
    owner = {"X-Auth-Token": mint_token("admin", "other")}

    def make(path: str, body: Any) -> str:
        answer = api("POST", path, body, headers=owner)
        assert answer.status in (201, 202), answer
        return str(answer.body["id"])

    job = create_job(
        engine,
        project_id="other",
        task="test.secret",
        state="FAILURE",
        parameters={"text": MARK},
        error={"type": "E", "message": MARK},
    )
    create_attempt(engine, job.id, error={"type": "E", "message": MARK})
    record = create_load_balancer(engine, project_id="other", name=MARK, job_id=job.id)
    schedule = {"name": MARK, "task": "diagnostics.echo", "every_seconds": 3600}
    webhook_id = make("/webhooks", {"url": f"https://example.com/{MARK}"})
    ping = api("POST", f"/webhooks/{webhook_id}/ping", headers=owner)
    return {
        "job_id": job.id,
        "load_balancer_id": record.id,
        "server_id": create_server(engine, project_id="other", name=MARK, job_id=job.id).id,
        "schedule_id": make("/schedules", schedule),
        "webhook_id": webhook_id,
        "delivery_id": ping.body["id"],
        "token_id": make("/tokens", {"scope": "read", "name": MARK}),
    }


def name(route: Route) -> str:
    return f"{route.method} {route.path}"


@pytest.mark.parametrize("scope", list(Scope))
def test_ids_of_another_project_are_not_there(
    api: Any, mint_token: Any, engine: Engine, theirs: dict[str, str], scope: Scope
) -> None:
    headers = {"X-Auth-Token": mint_token(scope)}
    before = (
        read_job(engine, theirs["job_id"]),
        read_load_balancer(engine, theirs["load_balancer_id"]),
        read_server(engine, theirs["server_id"]),
    )
    for route in WITH_IDS:
        path = route.path.format(**{**SHARED, **theirs})
        body = BODIES.get(route.view.__name__, {}) if route.declared.body else None
        answer = api(route.method, path, body, headers=headers)
        assert route.declared.scope is not None
        expected = 404 if permits([scope], route.declared.scope) else 403
        assert answer.status == expected, (name(route), answer)
        assert MARK not in json.dumps(answer.body)
    after = (
        read_job(engine, theirs["job_id"]),
        read_load_balancer(engine, theirs["load_balancer_id"]),
        read_server(engine, theirs["server_id"]),
    )
    assert after == before


@pytest.mark.parametrize("route", LISTS, ids=name)
def test_lists_show_nothing_of_another_project(
    api: Any, theirs: dict[str, str], route: Route
) -> None:
    answer = api(route.method, route.path)
    assert answer.status == 200
    told = json.dumps(answer.body)
    assert MARK not in told
    assert not [each for each in theirs.values() if each in told]


@pytest.mark.parametrize("order", ["cancel", "retry"])
def test_orders_for_many_do_not_reach_another_project(
    api: Any, engine: Engine, theirs: dict[str, str], order: str
) -> None:
    answer = api("POST", f"/jobs/{order}", {"task": "test.secret"})
    assert answer.body["matched"] == 0
    assert read_job(engine, theirs["job_id"]).state == "FAILURE"


def test_table_covers_every_kind_of_id() -> None:
    kinds = {each for route in OF_PROJECTS for each in re.findall(r"{(\w+)}", route.path)}
    assert kinds == {
        *SHARED,
        "job_id",
        "load_balancer_id",
        "server_id",
        "schedule_id",
        "webhook_id",
        "delivery_id",
        "token_id",
    }
