"""Tasks, queues, workers and dead letters over HTTP."""

from __future__ import annotations

import uuid
from typing import Any

import boto3
import pytest
from sqlalchemy import Engine

from chalicelib.broker.message import Bell, encode_bell
from chalicelib.broker.queues import QUEUES
from chalicelib.broker.sqs import get_sqs
from chalicelib.db.clock import seconds_from_now
from chalicelib.domain.jobs import HELD
from chalicelib.errors import QueueUnavailable
from chalicelib.services import dead_letters
from tests.factories.jobs import create_job
from tests.factories.workers import create_worker


def test_task_says_what_it_takes_and_how_it_is_retried(api: Any) -> None:
    tasks = {task["name"]: task for task in api("GET", "/tasks").body["tasks"]}
    echo = tasks["diagnostics.echo"]
    assert echo == api("GET", "/tasks/diagnostics.echo").body
    assert (echo["queue"], echo["is_public"], echo["retry"]["max_attempts"]) == ("default", True, 5)
    assert echo["parameters"]["properties"]["seconds"]["maximum"] == 3600
    create = tasks["network.loadbalancers.create"]
    assert create["is_public"] is False
    assert create["parameters"]["properties"]["spec"] == {"$ref": "#/$defs/LoadBalancerSpec"}
    assert "LoadBalancerSpec" in create["parameters"]["$defs"]
    assert api("GET", "/tasks/no.such").status == 404


def test_queue_says_how_much_is_in_it(api: Any, engine: Engine) -> None:
    create_job(engine, run_at=seconds_from_now(-60))
    create_job(engine, state="RETRY")
    create_job(engine, run_at=seconds_from_now(60))
    create_job(engine, state="STARTED", project_id="other")
    create_job(engine, state="SUCCESS")
    for held_by, state in (("control", "PENDING"), ("key", "PENDING"), ("breaker", "RETRY")):
        create_job(engine, state=state, run_at=HELD, held_by=held_by)
    listed = api("GET", "/queues").body["queues"]
    assert [queue["name"] for queue in listed] == list(QUEUES)
    found = api("GET", "/queues/default").body
    counts = {name: found[name] for name in ("depth", "delayed", "held", "in_flight")}
    assert counts == {"depth": 2, "delayed": 1, "held": 3, "in_flight": 1}
    assert 59 < found["oldest_seconds"] < 90
    assert api("GET", "/queues/network").body["oldest_seconds"] is None
    assert api("GET", "/queues/nowhere").status == 404


def test_worker_says_what_it_runs_of_this_project(api: Any, engine: Engine) -> None:
    alive = create_worker(engine, started_at=seconds_from_now(-9))
    create_worker(engine, last_heartbeat_at=seconds_from_now(-3600))
    own = create_job(engine, state="STARTED", worker_id=alive.id)
    create_job(engine, state="STARTED", worker_id=alive.id, project_id="other")
    first, second = api("GET", "/workers").body["workers"]
    assert (first["id"], first["is_alive"], first["running"]) == (alive.id, True, 2)
    assert first["job_ids"] == [own.id]
    assert (second["is_alive"], second["running"], second["job_ids"]) == (False, 0, [])


# --- Dead letters ----------------------------------------------------------------------------


@pytest.fixture
def queues(api: Any, environment: Any, engine: Engine, moto_server: str) -> Any:
    """A queue and its dead-letter queue; returns what sends a dead letter."""
    prefix = f"fleet-{uuid.uuid4().hex[:8]}-"
    environment(
        DATABASE_URL=engine.url.render_as_string(hide_password=False),
        SQS_ENDPOINT_URL=moto_server,
        SQS_QUEUE_URL=f"{moto_server}/123456789012/{prefix}{{queue}}",
    )
    get_sqs.cache_clear()
    client = boto3.client("sqs", endpoint_url=moto_server, region_name="us-east-1")
    urls = {
        name: client.create_queue(QueueName=f"{prefix}{name}")["QueueUrl"]
        for name in ("default", "default-dead")
    }

    def bury(body: str, reason: str | None = None) -> None:
        attributes: Any = {}
        if reason:
            attributes["bellpull.reason"] = {"DataType": "String", "StringValue": reason}
        client.send_message(
            QueueUrl=urls["default-dead"], MessageBody=body, MessageAttributes=attributes
        )

    def count(name: str) -> int:
        asked = client.get_queue_attributes(
            QueueUrl=urls[name], AttributeNames=["ApproximateNumberOfMessages"]
        )
        return int(asked["Attributes"]["ApproximateNumberOfMessages"])

    bury.count = count  # type: ignore[attr-defined]
    yield bury
    client.close()
    get_sqs.cache_clear()


def make_body(project_id: str, job_id: str = "j1") -> str:
    bell = Bell(job_id=job_id, task="t", queue="default", project_id=project_id, parameters={})
    return encode_bell(bell)


def test_dead_letters_of_the_project_are_shown_and_stay(api: Any, queues: Any) -> None:
    queues(make_body("demo"), "it cannot be read")
    queues(make_body("other", "secret"))
    queues("not json at all")
    for _ in range(2):
        answer = api("POST", "/queues/default/dead-letters/browse", {"limit": 100})
        assert answer.status == 200
        letters = answer.body["dead_letters"]
        assert {letter["job_id"] for letter in letters} == {"j1", None}
        assert "secret" not in str(letters)
        [own] = [letter for letter in letters if letter["job_id"]]
        assert (own["reason"], own["task"]) == ("it cannot be read", "t")
    assert queues.count("default-dead") == 3


def test_dead_letters_of_the_project_are_moved_back(api: Any, queues: Any) -> None:
    for number in range(12):
        queues(make_body("demo", f"j{number}"))
    queues(make_body("other"))
    path = "/queues/default/dead-letters/redrive"
    [one, *_] = api("POST", "/queues/default/dead-letters/browse", {}).body["dead_letters"]
    assert api("POST", path, {"message_ids": [one["message_id"]]}).body == {"moved": 1}
    assert api("POST", path, {}).body == {"moved": 11}
    assert (queues.count("default"), queues.count("default-dead")) == (12, 1)
    entry = api("GET", "/audit").body["entries"][0]
    assert (entry["action"], entry["target"]) == ("queues.redrive", "default")
    assert entry["details"] == {"moved": 11}


def move(api: Any, body: Any, key: str) -> Any:
    return api.post_once("/queues/default/dead-letters/redrive", body, key)


def test_dead_letters_are_moved_once_by_a_request_that_is_repeated(api: Any, queues: Any) -> None:
    for number in range(3):
        queues(make_body("demo", f"j{number}"))
    first, again = move(api, {"limit": 2}, "k1"), move(api, {"limit": 2}, "k1")
    assert again.body == first.body == {"moved": 2}
    assert again.headers["Idempotent-Replayed"] == "true"
    assert move(api, {"limit": 2}, "k2").body == {"moved": 1}


def test_move_that_sqs_refused_is_in_the_audit_and_goes_on_when_it_is_repeated(
    api: Any, queues: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    queues(make_body("demo"))

    def refuse(*_: Any) -> int:
        raise QueueUnavailable

    with monkeypatch.context() as away:
        away.setattr(dead_letters, "_move", refuse)
        assert move(api, {}, "k1").status == 503
    entry = api("GET", "/audit").body["entries"][0]
    assert (entry["action"], entry["details"]) == ("queues.redrive", None)
    again = move(api, {}, "k1")
    assert again.body == {"moved": 1}
    assert "Idempotent-Replayed" not in again.headers
    assert api("GET", "/audit").body["entries"][0]["details"] == {"moved": 1}


def test_queue_that_is_not_there_is_told(api: Any, environment: Any) -> None:
    for path in ("browse", "redrive"):
        assert api("POST", f"/queues/nowhere/dead-letters/{path}", {}).status == 404
        get_sqs.cache_clear()
        answer = api("POST", f"/queues/default/dead-letters/{path}", {})
        assert (answer.status, answer.body["type"]) == (503, "/problems/queue-unavailable")
        assert answer.headers["Retry-After"]
    get_sqs.cache_clear()
