"""A load balancer or server that brings along who is told how its creation ended."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sqlalchemy import Engine

from chalicelib.db.tables import jobs, webhooks
from chalicelib.services import job_orders
from tests.factories.rows import read_rows
from tests.factories.webhooks import SECRET, read_deliveries

HOOK = {"url": "https://example.com/done", "secret": SECRET}
REQUESTS = {
    "/loadbalancers": {"name": "web", "subnet_ids": ["a"]},
    "/servers": {"name": "web", "image_id": "a", "flavor": "b", "subnet_id": "c"},
}
NAMES = {"/loadbalancers": "load_balancer", "/servers": "server"}


@pytest.mark.parametrize("path", REQUESTS)
def test_end_of_the_creation_is_told_once_and_nothing_else(
    api: Any, engine: Engine, path: str
) -> None:
    watched = api("POST", path, {**REQUESTS[path], "webhook": HOOK})
    other = api("POST", path, REQUESTS[path])
    (hook,) = read_rows(engine, webhooks)
    assert (hook.job_id, hook.url, hook.secret) == (watched.body["job"]["id"], *HOOK.values())
    for answer in (watched, other):
        job_orders.cancel(engine, "demo", answer.body["job"]["id"])
    (delivery,) = read_deliveries(engine)
    assert (delivery.webhook_id, delivery.event_type) == (hook.id, f"{NAMES[path]}.error")


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
    headers = {"X-Auth-Token": api.token, "Idempotency-Key": "once"}
    for _ in range(2):
        answer = api("POST", path, {**REQUESTS[path], "webhook": HOOK}, headers=headers)
        assert answer.status == 202
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
