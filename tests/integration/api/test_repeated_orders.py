"""Orders that make something, repeated with their Idempotency-Key, are carried out once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine

from chalicelib.api.routing import ROUTES
from chalicelib.db.tables import deliveries, idempotency_keys, jobs, tokens
from tests.factories.jobs import create_job, set_job
from tests.factories.rows import read_rows
from tests.fakes.sqs import FakeSqs

ECHO = {"name": "s", "task": "diagnostics.echo", "every_seconds": 3600}
#: Their second time finds done what the first one did, and does no more.
IDEMPOTENT = {
    "cancel_job",
    "cancel_jobs",
    "browse_dead_letters",
    "open_circuit_breaker",
    "close_circuit_breaker",
    *(f"{verb}_{noun}" for verb in ("pause", "resume") for noun in ("queue", "task", "schedule")),
}


def send_twice(api: Any, path: str, body: Any = None) -> Any:
    """The first answer, once the second one has said the same and that it is a replay."""
    first, again = api.post_once(path, body), api.post_once(path, body)
    assert first.status < 300, first
    assert (again.status, again.body) == (first.status, first.body)
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    return first.body


@pytest.mark.parametrize(
    "route", [each for each in ROUTES if each.method == "POST"], ids=lambda each: each.path
)
def test_post_heeds_the_key_or_is_idempotent_by_itself(route: Any) -> None:
    assert route.declared.is_repeatable is (route.view.__name__ not in IDEMPOTENT)


def test_schedule_runs_once(api: Any, engine: Engine, sqs: FakeSqs) -> None:
    schedule_id = api("POST", "/schedules", ECHO).body["id"]
    job = send_twice(api, f"/schedules/{schedule_id}/run")
    assert [row.id for row in read_rows(engine, jobs)] == [job["id"]]
    assert len(sqs.sent) == 1


def test_webhook_is_pinged_once_and_a_delivery_sent_again_once(
    api: Any, engine: Engine, sqs: FakeSqs
) -> None:
    webhook = api("POST", "/webhooks", {"url": "https://example.com/hook"}).body
    delivery = send_twice(api, f"/webhooks/{webhook['id']}/ping")
    assert len(read_rows(engine, deliveries)) == len(sqs.sent) == 1
    set_job(engine, delivery["job_id"], state="SUCCESS")
    path = f"/webhooks/{webhook['id']}/deliveries/{delivery['id']}/redeliver"
    first, again = api.post_once(path, key="k2"), api.post_once(path, key="k2")
    assert again.body["job_id"] == first.body["job_id"] != delivery["job_id"]
    assert len(sqs.sent) == 2


def test_secret_rotates_once_so_that_the_one_in_use_still_signs(api: Any, engine: Engine) -> None:
    webhook = api("POST", "/webhooks", {"url": "https://example.com/hook"}).body
    rotated = send_twice(api, f"/webhooks/{webhook['id']}/rotate")
    assert rotated["secret"] != webhook["secret"]
    again = api.post_once(f"/webhooks/{webhook['id']}/rotate", key="k2").body
    assert again["secret"] not in (webhook["secret"], rotated["secret"])


def test_job_is_retried_once_although_it_failed_again(api: Any, engine: Engine) -> None:
    job = create_job(engine, state="FAILURE")
    assert api.post_once(f"/jobs/{job.id}/retry").status == 202
    set_job(engine, job.id, state="FAILURE")
    again = api.post_once(f"/jobs/{job.id}/retry")
    assert (again.status, again.body["state"]) == (202, "FAILURE")
    assert again.headers["Idempotent-Replayed"] == "true"


def test_jobs_that_match_are_retried_once(api: Any, engine: Engine, sqs: FakeSqs) -> None:
    failed = [create_job(engine, state="FAILURE").id for _ in range(3)]
    wanted = {"task": "test.echo", "limit": 2}
    first = api.post_once("/jobs/retry", wanted)
    for job_id in failed:
        set_job(engine, job_id, state="FAILURE")
    again = api.post_once("/jobs/retry", wanted)
    assert again.body == first.body == {"matched": 2, "has_more": True, "dry_run": False}
    assert len(sqs.sent) == 2


# --- Tokens ----------------------------------------------------------------------------------


def test_token_is_not_shown_again_and_not_made_again(api: Any, engine: Engine) -> None:
    other = api("POST", "/tokens", {"scope": "read"}).body["id"]
    for key, path, body in (
        ("k1", "/tokens", {"scope": "read"}),
        ("k2", f"/tokens/{other}/rotate", {}),
    ):
        made = api.post_once(path, body, key).body
        count = len(read_rows(engine, tokens))
        again = api.post_once(path, body, key)
        assert (again.status, again.body["type"]) == (409, "/problems/secret-shown-once")
        assert again.headers["Idempotent-Replayed"] == "true"
        assert made["id"] in again.body["detail"]
        assert made["token"] not in str(again)
        with engine.connect() as connection:
            kept = connection.execute(idempotency_keys.select()).all()
        assert made["id"] in str(kept)
        assert made["token"] not in str(kept)
        assert len(read_rows(engine, tokens)) == count


def test_token_that_is_asked_for_many_times_at_once_is_made_once(api: Any, engine: Engine) -> None:
    count = len(read_rows(engine, tokens))
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: api.post_once("/tokens", {"scope": "read"}), range(6)))
    assert sorted(answer.status for answer in answers) == [201] + [409] * 5
    assert len(read_rows(engine, tokens)) == count + 1
