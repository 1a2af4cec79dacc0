"""A request's id and trace travel with its job."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from sqlalchemy import Engine

from chalicelib.db.clock import now
from chalicelib.services.dispatcher import ring_due
from tests.factories.jobs import read_job, set_job

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
NEW = {"name": "web", "subnet_ids": ["subnet-1"]}


def submit(api: Any, **headers: str) -> Any:
    return api("POST", "/loadbalancers", NEW, headers={"X-Auth-Token": api.token, **headers})


def test_job_and_its_bell_carry_the_trace_of_the_request(
    api: Any, sqs: Any, engine: Engine
) -> None:
    answer = submit(api, traceparent=PARENT)
    job, told = answer.body["job"], answer.headers["X-Request-Id"]
    assert (job["request_id"], job["traceparent"]) == (told, PARENT)
    assert sqs.sent[0].headers.items() >= {"request_id": told, "traceparent": PARENT}.items()
    assert read_job(engine, job["id"]).traceparent == PARENT


def test_bell_that_is_rung_later_carries_it_too(api: Any, sqs: Any, engine: Engine) -> None:
    sqs.go_away()
    job = submit(api, traceparent=PARENT).body["job"]
    sqs.come_back()
    assert ring_due(engine) == 1
    assert sqs.sent[-1].headers["traceparent"] == PARENT
    set_job(engine, job["id"], finished_at=now())


def test_request_without_a_trace_begins_one(api: Any) -> None:
    first, second = (submit(api).body["job"] for _ in range(2))
    assert first["traceparent"] != second["traceparent"]
    assert len(first["traceparent"]) == 55


def test_hostile_trace_does_no_harm(api: Any) -> None:
    answer = submit(api, traceparent="00-\r\nX-Evil: 1")
    assert answer.status == 202
    assert "Evil" not in answer.body["job"]["traceparent"]


def test_request_is_logged_under_its_trace(api: Any, caplog: pytest.LogCaptureFixture) -> None:
    from chalicelib.logs import JsonFormatter

    lines = []

    class Keep(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(JsonFormatter().format(record))

    keep, logger = Keep(), logging.getLogger("chalicelib.api.middleware")
    caplog.set_level(logging.INFO)
    logger.addHandler(keep)
    submit(api, traceparent=PARENT)
    logger.removeHandler(keep)
    assert PARENT[3:35] in lines[-1]
