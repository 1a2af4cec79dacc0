"""A load balancer or server that brings along who is told how its creation ended."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import Engine

from chalicelib.db.tables import jobs, webhooks
from chalicelib.domain.records import Observed
from chalicelib.services import job_orders
from tests.factories.load_balancers import make_observed
from tests.factories.rows import read_rows
from tests.factories.servers import make_observed_server
from tests.factories.webhooks import SECRET, read_deliveries
from tests.integration.record.outcome_verbs import finish, start

HOOK = {"url": "https://example.com/done", "secret": SECRET}
REQUESTS = {
    "/loadbalancers": {"name": "web", "subnet_ids": ["a"]},
    "/servers": {"name": "web", "image_id": "a", "flavor": "b", "subnet_id": "c"},
}
NAMES = {"/loadbalancers": "load_balancer", "/servers": "server"}
SEEN: dict[str, Callable[[], Observed]] = {
    "/loadbalancers": make_observed,
    "/servers": make_observed_server,
}


def end_creation(engine: Engine, job_id: str, path: str, event: str) -> None:
    if event == "error":
        job_orders.cancel(engine, "demo", job_id)
    else:
        assert finish(engine, start(engine, job_id), SEEN[path]())


@pytest.mark.parametrize("path", REQUESTS)
@pytest.mark.parametrize("event", ["active", "error"])
def test_end_of_the_creation_is_told_once_and_nothing_else(
    api: Any, engine: Engine, path: str, event: str
) -> None:
    watched = api("POST", path, {**REQUESTS[path], "webhook": HOOK})
    other = api("POST", path, REQUESTS[path])
    (hook,) = read_rows(engine, webhooks)
    assert (hook.job_id, hook.url, hook.secret) == (watched.body["job"]["id"], *HOOK.values())
    for answer in (watched, other):
        end_creation(engine, answer.body["job"]["id"], path, event)
    record = watched.body[NAMES[path]]
    api("DELETE", f"{path}/{record['id']}")
    (delivery,) = read_deliveries(engine)
    assert (delivery.webhook_id, delivery.event_type) == (hook.id, f"{NAMES[path]}.{event}")
    assert delivery.payload["data"][NAMES[path]]["id"] == record["id"]


@pytest.mark.parametrize("path", REQUESTS)
def test_secret_is_in_no_job_and_in_no_answer(api: Any, engine: Engine, path: str) -> None:
    answer = api("POST", path, {**REQUESTS[path], "webhook": HOOK})
    assert SECRET not in json.dumps(answer.body)
    (job,) = read_rows(engine, jobs)
    assert "webhook" not in job.parameters["spec"]


@pytest.mark.parametrize("path", REQUESTS)
def test_request_that_is_repeated_makes_no_second_webhook(
    api: Any, engine: Engine, path: str
) -> None:
    for _ in range(2):
        assert api.post_once(path, {**REQUESTS[path], "webhook": HOOK}).status == 202
    assert len(read_rows(engine, webhooks)) == 1


@pytest.mark.parametrize("path", REQUESTS)
@pytest.mark.parametrize(
    ("change", "pointer"),
    [
        ({"url": "https://127.0.0.1/x"}, "#/webhook/url"),
        ({"secret": "short"}, "#/webhook/secret"),
    ],
)
def test_webhook_that_cannot_be_is_refused_and_nothing_is_made(
    api: Any, engine: Engine, path: str, change: Any, pointer: str
) -> None:
    answer = api("POST", path, {**REQUESTS[path], "webhook": HOOK | change})
    assert (answer.status, answer.body["errors"][0]["pointer"]) == (422, pointer)
    assert read_rows(engine, jobs) == []


def test_list_tells_those_of_one_job_from_the_lasting_ones(api: Any) -> None:
    job_id = api("POST", "/servers", {**REQUESTS["/servers"], "webhook": HOOK}).body["job"]["id"]
    lasting = api("POST", "/webhooks", {"url": "https://example.com/all"}).body["id"]

    def listed(query: str) -> list[tuple[bool, Any]]:
        found = api("GET", f"/webhooks{query}").body["webhooks"]
        return [(hook["id"] == lasting, hook["job_id"]) for hook in found]

    assert listed("?one_off=true") == [(False, job_id)]
    assert listed("?one_off=false") == [(True, None)]
    assert listed("") == [(True, None), (False, job_id)]
