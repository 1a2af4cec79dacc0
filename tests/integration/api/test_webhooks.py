"""Webhooks over HTTP: their secrets, their deliveries, and whose they are."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Engine, update

from chalicelib.db.tables import jobs, webhooks
from chalicelib.domain.jobs import HELD
from chalicelib.services.webhooks import MOST_WEBHOOKS
from tests.factories.jobs import create_job, set_job
from tests.factories.webhooks import SECRET, create_webhook, read_deliveries, read_webhook

URL = "https://example.com/hook"
TOPIC = "arn:aws:sns:eu-central-1:123456789012:bellpull-demo"


def create(api: Any, **fields: Any) -> Any:
    answer = api("POST", "/webhooks", {"url": URL} | fields)
    assert answer.status == 201, answer
    return answer.body


def test_created_webhook_shows_its_secret_this_once(api: Any) -> None:
    answer = api("POST", "/webhooks", {"url": URL, "events": ["load_balancer.*"]})
    assert answer.status == 201
    made = dict(answer.body)
    assert answer.headers["location"] == f"/webhooks/{made['id']}"
    assert made.pop("secret").startswith("whsec_")
    assert (made["url"], made["events"], made["is_enabled"]) == (URL, ["load_balancer.*"], True)
    assert api("GET", f"/webhooks/{made['id']}").body == made
    assert api("GET", "/webhooks").body == {"webhooks": [made], "next": None}


def test_webhook_hears_of_everything_unless_told_otherwise(api: Any) -> None:
    assert create(api)["events"] == ["*"]


def test_secret_may_be_brought_along(api: Any) -> None:
    assert create(api, secret=SECRET)["secret"] == SECRET


@pytest.mark.parametrize(
    ("fields", "pointer"),
    [
        ({"url": "http://example.com/"}, "#/url"),
        ({"url": "https://127.0.0.1/"}, "#/url"),
        ({"url": "https://169.254.169.254/latest/meta-data"}, "#/url"),
        ({"url": "file:///etc/passwd"}, "#/url"),
        ({"url": TOPIC}, "#/url"),
        ({"url": ""}, "#/url"),
        ({"url": 7}, "#/url"),
        ({"events": []}, "#/events"),
        ({"events": ["load_balancer.exploded"]}, "#/events/0"),
        ({"secret": "short"}, "#/secret"),
        ({"secret": "whsec_" + "A" * 33}, "#"),
        ({"colour": "red"}, "#/colour"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(api: Any, fields: Any, pointer: str) -> None:
    answer = api("POST", "/webhooks", {"url": URL} | fields)
    assert answer.status == 422, answer
    assert [error["pointer"] for error in answer.body["errors"]] == [pointer]


def test_private_address_is_taken_where_the_setting_says_so(
    api: Any, environment: Callable[..., None]
) -> None:
    environment(WEBHOOKS_ALLOW_PRIVATE="true")
    assert create(api, url="http://127.0.0.1:8080/hook")["is_enabled"]


def test_topic_is_taken_where_the_setting_permits_it(
    api: Any, environment: Callable[..., None]
) -> None:
    environment(SNS_TOPIC_ARN="arn:aws:sns:eu-central-1:123456789012:bellpull-{project_id}")
    assert create(api, url=TOPIC)["url"] == TOPIC
    answer = api("POST", "/webhooks", {"url": TOPIC.replace("demo", "other")})
    assert answer.status == 422
    assert "bellpull-demo" in answer.body["errors"][0]["detail"]


def test_project_has_a_limited_number_of_webhooks(api: Any, engine: Engine) -> None:
    job = create_job(engine)
    for _ in range(MOST_WEBHOOKS):
        create_webhook(engine, job_id=job.id)  # one-off ones do not count
    for _ in range(MOST_WEBHOOKS):
        create(api)
    answer = api("POST", "/webhooks", {"url": URL})
    assert (answer.status, answer.body["type"]) == (409, "/problems/limit-reached")


def test_change_leaves_what_it_does_not_name(api: Any) -> None:
    made = create(api, events=["job.*"])
    changed = api("PUT", f"/webhooks/{made['id']}", {"url": "https://example.org/"}).body
    assert (changed["url"], changed["events"]) == ("https://example.org/", ["job.*"])
    changed = api("PUT", f"/webhooks/{made['id']}", {"events": ["job.failed"]}).body
    assert (changed["url"], changed["events"]) == ("https://example.org/", ["job.failed"])
    assert api("PUT", f"/webhooks/{made['id']}", {}).status == 422
    assert api("PUT", f"/webhooks/{made['id']}", {"url": "https://127.0.0.1"}).status == 422


def test_webhook_is_disabled_and_enabled_by_its_owner(api: Any) -> None:
    path = f"/webhooks/{create(api)['id']}"
    disabled = api("PUT", path, {"is_enabled": False}).body
    assert disabled["is_enabled"] is False
    assert disabled["disabled_reason"]
    assert api("POST", f"{path}/ping").status == 409
    enabled = api("PUT", path, {"is_enabled": True}).body
    assert (enabled["is_enabled"], enabled["disabled_reason"]) == (True, None)


def test_rotation_keeps_the_old_secret_for_a_day(api: Any, engine: Engine) -> None:
    made = create(api)
    rotated = api("POST", f"/webhooks/{made['id']}/rotate").body
    assert rotated["secret"] not in (made["secret"], None)
    row = read_webhook(engine, made["id"])
    assert (row.secret, row.previous_secret) == (rotated["secret"], made["secret"])
    left = row.previous_secret_expires_at - datetime.now(UTC)
    assert timedelta(hours=23) < left < timedelta(hours=25)


def test_deleted_webhook_is_gone_with_its_deliveries(api: Any, engine: Engine) -> None:
    path = f"/webhooks/{create(api)['id']}"
    assert api("POST", f"{path}/ping").status == 202
    answer = api("DELETE", path)
    assert (answer.status, answer.body) == (204, None)
    for method in ("GET", "DELETE"):
        assert api(method, path).status == 404
    assert read_deliveries(engine) == []


def test_ping_is_a_delivery_whose_bell_is_rung(api: Any, sqs: Any) -> None:
    path = f"/webhooks/{create(api)['id']}"
    answer = api("POST", f"{path}/ping")
    assert answer.status == 202
    assert answer.headers["location"] == f"/jobs/{answer.body['job_id']}"
    assert answer.body["payload"]["type"] == "webhook.ping"
    assert [(sent.queue, sent.job_id) for sent in sqs.sent] == [
        ("notifications", answer.body["job_id"])
    ]
    assert api("GET", answer.headers["location"]).body["state"] == "PENDING"


def test_deliveries_are_listed_newest_first_with_how_they_stand(api: Any, engine: Engine) -> None:
    path = f"/webhooks/{create(api)['id']}"
    first, second, third = (api("POST", f"{path}/ping").body for _ in range(3))
    error = {"message": "The receiver answered 500.", "traceback": "secret"}
    set_job(engine, second["job_id"], state="RETRY", error=error, attempts=4)
    set_job(engine, first["job_id"], state="SUCCESS", error=error)
    page = api("GET", f"{path}/deliveries?limit=2").body
    assert [each["id"] for each in page["deliveries"]] == [third["id"], second["id"]]
    failing = page["deliveries"][1]
    assert (failing["state"], failing["attempts"]) == ("RETRY", 4)
    assert failing["error"] == "The receiver answered 500."
    assert failing["next_attempt_at"] is not None
    rest = api("GET", f"{path}/deliveries?after={page['next']}").body
    assert [each["id"] for each in rest["deliveries"]] == [first["id"]]
    assert rest["deliveries"][0]["error"] is None
    assert rest["next"] is None


def test_nobody_can_say_when_a_delivery_that_is_held_is_attempted(api: Any, engine: Engine) -> None:
    path = f"/webhooks/{create(api)['id']}"
    set_job(engine, api("POST", f"{path}/ping").body["job_id"], run_at=HELD, held_by="control")
    (held,) = api("GET", f"{path}/deliveries").body["deliveries"]
    assert (held["state"], held["next_attempt_at"]) == ("PENDING", None)


def test_redelivery_is_a_new_job_for_the_same_message(api: Any, engine: Engine) -> None:
    path = f"/webhooks/{create(api)['id']}"
    sent = api("POST", f"{path}/ping").body
    again = f"{path}/deliveries/{sent['id']}/redeliver"
    assert api("POST", again).status == 409
    set_job(engine, sent["job_id"], state="FAILURE")
    answer = api("POST", again)
    assert answer.status == 202
    assert answer.body["id"] == sent["id"]
    assert answer.body["payload"] == sent["payload"]
    assert answer.body["job_id"] != sent["job_id"]
    assert answer.body["state"] == "PENDING"
    assert api("POST", f"{path}/deliveries/none/redeliver").status == 404


def test_other_projects_see_none_of_it(api: Any, mint_token: Callable[..., str]) -> None:
    path = f"/webhooks/{create(api)['id']}"
    delivery = api("POST", f"{path}/ping").body
    api.token = mint_token("admin", "other")
    assert api("GET", "/webhooks").body["webhooks"] == []
    for method, where, body in (
        ("GET", path, None),
        ("PUT", path, {"is_enabled": False}),
        ("DELETE", path, None),
        ("POST", f"{path}/rotate", None),
        ("POST", f"{path}/ping", None),
        ("GET", f"{path}/deliveries", None),
        ("POST", f"{path}/deliveries/{delivery['id']}/redeliver", None),
    ):
        assert api(method, where, body).status == 404, (method, where)


def test_retention_takes_deliveries_with_their_jobs(api: Any, engine: Engine) -> None:
    path = f"/webhooks/{create(api)['id']}"
    api("POST", f"{path}/ping")
    with engine.connect() as connection:
        connection.execute(jobs.delete())
        assert connection.execute(update(webhooks).values(events=["*"])).rowcount == 1
    assert read_deliveries(engine) == []
