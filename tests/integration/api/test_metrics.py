"""What the API counts goes to CloudWatch with the line that each request has anyway."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from chalice.test import Client

from app import app
from chalicelib import enqueued
from chalicelib.settings import get_settings
from tests.factories.jobs import create_claimed_job, expire_lease
from tests.integration.api.conftest import Api
from tests.integration.api.test_schedule import EVENT

JOB = {"task": "diagnostics.echo", "parameters": {"message": "x"}}


@pytest.fixture
def lines(
    environment: Any, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> pytest.LogCaptureFixture:
    """The log of an API that has a deployment to tell of."""
    monkeypatch.setenv("DEPLOYMENT", "bellpull-dev")
    get_settings.cache_clear()
    enqueued.take()
    caplog.set_level(logging.INFO)
    return caplog


def told(lines: pytest.LogCaptureFixture, message: str = "request answered") -> list[Any]:
    return [vars(line) for line in lines.records if line.getMessage().startswith(message)]


def test_jobs_submitted_are_metrics_of_their_request(
    api: Api, lines: pytest.LogCaptureFixture
) -> None:
    api("POST", "/jobs", JOB)
    api("POST", "/jobs/batch", {"jobs": [JOB, JOB, JOB]})
    api("POST", "/jobs", {**JOB, "unique": True})
    api("POST", "/jobs", {**JOB, "unique": True})
    api("POST", "/jobs", {"task": "none"})
    api("GET", "/jobs")
    requests = told(lines)
    assert [line.get("JobsEnqueued") for line in requests] == [1, 3, 1, None, None, None]
    [about] = requests[0]["_aws"]["CloudWatchMetrics"]
    assert about["Metrics"] == [{"Name": "JobsEnqueued", "Unit": "Count"}]
    assert requests[0]["Deployment"] == "bellpull-dev"
    assert "_aws" not in requests[-1]


def test_job_of_a_load_balancer_counts_too(api: Api, lines: pytest.LogCaptureFixture) -> None:
    api.create()
    assert told(lines)[-1]["JobsEnqueued"] == 1


def test_dispatch_tells_what_it_rescued(
    api: Api, lines: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, engine: Any
) -> None:
    monkeypatch.setenv("BEAT_SECONDS", "0.1")
    get_settings.cache_clear()
    expire_lease(engine, create_claimed_job(engine).job_id)
    with Client(app, stage_name="local") as client:
        client.lambda_.invoke("dispatch", EVENT)
    assert told(lines, "jobs counted")[-1]["JobsRescued"] == 1
