"""A job that brings along who is told of its end."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from chalicelib.db.tables import webhooks
from chalicelib.services import job_orders
from chalicelib.services.dispatcher import clean
from tests.factories.rows import read_rows
from tests.factories.webhooks import SECRET, read_deliveries
from tests.integration.api.test_submitting import ECHO, pointers

HOOK = {"url": "https://example.com/done", "secret": SECRET}


def read_hooks(engine: Engine) -> list[Any]:
    return read_rows(engine, webhooks)


def test_end_of_the_job_alone_is_told_to_its_own_webhook(api: Any, engine: Engine) -> None:
    watched = api("POST", "/jobs", {**ECHO, "webhook": HOOK})
    assert watched.status == 202
    other = api("POST", "/jobs", ECHO).body["id"]
    (hook,) = read_hooks(engine)
    assert (hook.job_id, hook.url, hook.secret) == (watched.body["id"], HOOK["url"], SECRET)
    for job_id in (watched.body["id"], other):
        job_orders.cancel(engine, "demo", job_id)
    (delivery,) = read_deliveries(engine)
    assert (delivery.webhook_id, delivery.event_type) == (hook.id, "job.revoked")


def test_jobs_of_a_batch_have_each_their_own(api: Any, engine: Engine) -> None:
    one, two = ({**ECHO, "webhook": {**HOOK, "url": f"https://{n}.example/"}} for n in "ab")
    ids = api("POST", "/jobs/batch", {"jobs": [one, ECHO, two]}).body["job_ids"]
    assert {hook.job_id: hook.url for hook in read_hooks(engine)} == {
        ids[0]: "https://a.example/",
        ids[2]: "https://b.example/",
    }


def test_request_that_is_repeated_makes_no_second_webhook(api: Any, engine: Engine) -> None:
    for _ in range(2):
        assert api.post_once("/jobs", {**ECHO, "webhook": HOOK}).status == 202
    assert len(read_hooks(engine)) == 1


def test_unique_job_that_is_there_already_keeps_the_webhook_it_has(
    api: Any, engine: Engine
) -> None:
    first = api("POST", "/jobs", {**ECHO, "unique": True, "webhook": HOOK}).body["id"]
    second = api("POST", "/jobs", {**ECHO, "unique": True, "webhook": HOOK})
    assert (second.status, second.body["id"]) == (200, first)
    assert [hook.job_id for hook in read_hooks(engine)] == [first]


@pytest.mark.parametrize(
    ("hook", "pointer"),
    [
        ({"url": HOOK["url"]}, "#/webhook/secret"),
        ({**HOOK, "url": "https://169.254.169.254/"}, "#/webhook/url"),
        ({**HOOK, "url": "http://example.com/"}, "#/webhook/url"),
        ({**HOOK, "url": "arn:aws:sns:us-east-1:123456789012:x"}, "#/webhook/url"),
        ({**HOOK, "secret": "whsec_short"}, "#/webhook/secret"),
        ("https://example.com/", "#/webhook"),
    ],
)
def test_webhook_that_cannot_be_is_refused_with_its_place(
    api: Any, engine: Engine, hook: Any, pointer: str
) -> None:
    assert pointers(api("POST", "/jobs", {**ECHO, "webhook": hook})) == {pointer}
    assert read_hooks(engine) == []


def test_webhook_goes_with_its_job(api: Any, engine: Engine) -> None:
    job_id = api("POST", "/jobs", {**ECHO, "webhook": HOOK}).body["id"]
    job_orders.cancel(engine, "demo", job_id)
    with engine.connect() as connection:
        connection.exec_driver_sql("UPDATE jobs SET finished_at = '2020-01-01 00:00:00'")
    clean(engine, 1)
    assert read_hooks(engine) == []
    assert read_deliveries(engine) == []


def test_delivery_cannot_be_submitted_as_a_job(api: Any) -> None:
    wanted = {"task": "notifications.deliver", "parameters": {"delivery_id": "another's"}}
    assert pointers(api("POST", "/jobs", wanted)) == {"#/task"}
