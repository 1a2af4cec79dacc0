"""A request that is repeated with its Idempotency-Key makes nothing twice."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine, update

from chalicelib.db.clock import seconds_from_now
from chalicelib.db.tables import idempotency_keys
from chalicelib.services.idempotency import KEPT_SECONDS, clean
from tests.factories.rows import read_rows
from tests.fakes.sqs import FakeSqs

ECHO = {"task": "diagnostics.echo", "parameters": {"message": "hello"}, "tags": ["x"]}


def send(api: Any, key: str, body: Any = ECHO, path: str = "/jobs", token: str = "") -> Any:
    return api.post_once(path, body, key, token)


def expire_keys(engine: Engine) -> None:
    with engine.connect() as connection:
        old = {"created_at": seconds_from_now(-KEPT_SECONDS - 1)}
        connection.execute(update(idempotency_keys).values(old))


def test_repeated_request_gets_the_same_job_and_is_told_so(api: Any, sqs: FakeSqs) -> None:
    first, again = send(api, "k1"), send(api, "k1")
    assert (first.status, again.status) == (202, 202)
    assert again.body == first.body
    assert again.headers["Location"] == first.headers["Location"]
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(sqs.sent) == 1


def test_spaces_and_order_in_the_body_do_not_matter(api: Any) -> None:
    first = send(api, "k1")
    body = b'{ "tags":["x"],"parameters" : {"message":"hello"}, "task": "diagnostics.echo"}'
    assert send(api, "k1", body).body["id"] == first.body["id"]


def test_key_with_another_request_is_a_conflict(api: Any, sqs: FakeSqs) -> None:
    send(api, "k1")
    for body, path in (
        ({**ECHO, "parameters": {}}, "/jobs"),
        ({"jobs": [ECHO]}, "/jobs/batch"),
    ):
        answer = send(api, "k1", body, path)
        assert (answer.status, answer.body["type"]) == (422, "/problems/idempotency-key-reused")
    assert len(sqs.sent) == 1


def test_batch_is_repeated_as_a_whole(api: Any, sqs: FakeSqs) -> None:
    body = {"jobs": [ECHO, ECHO]}
    first, again = send(api, "k1", body, "/jobs/batch"), send(api, "k1", body, "/jobs/batch")
    assert again.body["job_ids"] == first.body["job_ids"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(sqs.sent) == 2


def test_projects_do_not_share_keys(api: Any, mint_token: Any) -> None:
    first = send(api, "k1")
    other = send(api, "k1", token=mint_token("write", "other"))
    assert other.body["id"] != first.body["id"]


def test_key_is_forgotten_after_a_day(api: Any, engine: Engine) -> None:
    first = send(api, "k1")
    expire_keys(engine)
    assert send(api, "k1").body["id"] != first.body["id"]
    assert send(api, "k2").status == 202
    expire_keys(engine)
    assert clean(engine) == 2
    assert read_rows_of_keys(engine) == []


def read_rows_of_keys(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        return list(connection.execute(idempotency_keys.select()))


def test_request_that_was_refused_leaves_its_key_free(api: Any) -> None:
    assert send(api, "k1", {**ECHO, "task": "no.such"}).status == 422
    assert send(api, "k1").status == 202


@pytest.mark.parametrize("key", ["", " ", "x" * 256, "a b", "ö"])
def test_key_that_cannot_be_is_refused(api: Any, key: str) -> None:
    assert send(api, key).status == 400


def test_same_request_at_the_same_time_makes_one_job(api: Any, sqs: FakeSqs) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: send(api, "k1"), range(6)))
    assert {answer.status for answer in answers} == {202}
    assert len({answer.body["id"] for answer in answers}) == 1
    assert len(sqs.sent) == 1


def test_unique_job_that_was_there_is_remembered_too(api: Any) -> None:
    there = api("POST", "/jobs", {**ECHO, "unique": True}).body["id"]
    for _ in range(2):
        assert send(api, "k1", {**ECHO, "unique": True}).body["id"] == there


def test_same_unique_job_at_the_same_time_is_made_once(api: Any, engine: Engine) -> None:
    with ThreadPoolExecutor(6) as pool:
        body = {**ECHO, "unique": True}
        answers = list(pool.map(lambda _: api("POST", "/jobs", body), range(6)))
    assert sorted(answer.status for answer in answers) == [200] * 5 + [202]
    assert len(read_rows_of_jobs(engine)) == 1


def read_rows_of_jobs(engine: Engine) -> list[Any]:
    from chalicelib.db.tables import jobs

    return read_rows(engine, jobs)


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/loadbalancers", {"name": "web", "subnet_ids": ["a"]}, 202),
        ("/loadbalancers/add", {"upstream_id": "arn:1"}, 202),
        ("/servers", {"name": "s", "image_id": "a", "flavor": "b", "subnet_id": "c"}, 202),
        ("/servers/add", {"upstream_id": "i-1"}, 202),
        ("/schedules", {"name": "s", "task": "diagnostics.echo", "every_seconds": 60}, 201),
        ("/webhooks", {"url": "https://example.com/hook"}, 201),
    ],
)
def test_everything_that_is_made_can_be_asked_for_again(
    api: Any, path: str, body: Any, status: int
) -> None:
    first, again = send(api, "k1", body, path), send(api, "k1", body, path)
    assert (first.status, again.status) == (status, status)
    assert again.body == first.body
    assert again.headers["Idempotent-Replayed"] == "true"
    name = path.split("/")[1].replace("loadbalancers", "load_balancers")
    assert len(api("GET", f"/{path.split('/')[1]}").body[name]) == 1
