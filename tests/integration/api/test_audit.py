"""Whatever a route changes is in the audit, with who did it, or says so itself."""

from __future__ import annotations

import re
from typing import Any

import pytest
from sqlalchemy import Engine

from chalicelib.api.routing import ROUTES
from chalicelib.services import dead_letters
from tests.factories.jobs import create_job, set_job
from tests.factories.load_balancers import create_load_balancer
from tests.factories.servers import create_server

ECHO = {"task": "diagnostics.echo"}
#: Jobs have a column for who submitted them; to browse changes nothing.
SAY_SO_THEMSELVES = {"submit_job", "submit_jobs", "browse_dead_letters"}
BODIES: dict[str, Any] = {
    "create_load_balancer": {"name": "web", "subnet_ids": ["a"]},
    "add_load_balancer": {"upstream_id": "arn:1"},
    "change_load_balancer": {"name": "new"},
    "create_server": {"name": "web", "image_id": "a", "flavor": "b", "subnet_id": "c"},
    "add_server": {"upstream_id": "i-1"},
    "change_server": {"name": "new"},
    "create_schedule": {"name": "new", **ECHO, "every_seconds": 60},
    "change_schedule": {"name": "newer"},
    "create_webhook": {"url": "https://example.com/new"},
    "change_webhook": {"url": "https://example.com/newer"},
    "cancel_jobs": {"task": "test.echo"},
    "retry_jobs": {"task": "test.echo"},
    "create_token": {"scope": "read"},
    "limit_queue": {"at_once": 1},
    "limit_task": {"at_once": 1},
    "limit_upstream": {"at_once": 1},
}
CHANGES = [each for each in ROUTES if each.method != "GET"]


def make_ids(api: Any, engine: Engine) -> dict[str, str]:
    """What a route may be asked to change."""

    def make(path: str, body: Any) -> str:
        return str(api("POST", path, body).body["id"])

    webhook_id = make("/webhooks", {"url": "https://example.com/hook"})
    delivery = api("POST", f"/webhooks/{webhook_id}/ping").body
    set_job(engine, delivery["job_id"], state="SUCCESS")
    return {
        "job_id": "",
        "load_balancer_id": create_load_balancer(engine).id,
        "server_id": create_server(engine).id,
        "schedule_id": make("/schedules", {"name": "s", **ECHO, "every_seconds": 3600}),
        "webhook_id": webhook_id,
        "delivery_id": delivery["id"],
        "token_id": make("/tokens", {"scope": "read"}),
        "queue": "default",
        "task": "diagnostics.echo",
        "upstream": "aws:us-east-1",
    }


@pytest.mark.parametrize("route", CHANGES, ids=lambda each: each.view.__name__)
def test_change_is_in_the_audit(
    api: Any, engine: Engine, monkeypatch: pytest.MonkeyPatch, route: Any
) -> None:
    monkeypatch.setattr(dead_letters, "_move", lambda *_: 0)
    name = route.view.__name__
    if name in SAY_SO_THEMSELVES:
        return
    ids = make_ids(api, engine)
    ids["job_id"] = create_job(engine, state="FAILURE" if name == "retry_job" else "PENDING").id
    before = len(api("GET", "/audit?limit=100").body["entries"])
    answer = api(route.method, route.path.format(**ids), BODIES.get(name, {}))
    assert answer.status < 300, answer
    entries = api("GET", "/audit?limit=100").body["entries"]
    assert len(entries) == before + 1
    assert entries[0]["request_id"] == answer.headers["X-Request-Id"]
    assert entries[0]["token_id"] is not None
    assert re.fullmatch(r"[a-z]+\.[a-z_]+", entries[0]["action"])
