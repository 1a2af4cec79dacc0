"""The scheduled dispatch rings what requests could not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from chalice.test import Client
from sqlalchemy import Engine

from app import app
from tests.factories.jobs import read_job

EVENT = {
    "version": "0",
    "id": "1",
    "detail-type": "Scheduled Event",
    "source": "aws.events",
    "account": "123456789012",
    "time": "2030-01-01T00:00:00Z",
    "region": "us-east-1",
    "resources": ["arn:aws:events:us-east-1:123456789012:rule/dispatch"],
    "detail": {},
}


def test_dispatch_rings_what_could_not_be_rung(api: Any, sqs: Any, engine: Engine) -> None:
    sqs.go_away()
    job_id = api.create()["job_id"]
    sqs.come_back()
    with Client(app, stage_name="local") as client:
        done = client.lambda_.invoke("dispatch", EVENT).payload
    assert done == {"scheduled": 0, "rung": 1, "rerung": 0, "rescued": 0}
    assert sqs.job_ids() == [job_id]
    assert read_job(engine, job_id).rung_at is not None


def test_dispatch_runs_every_minute(environment: Callable[..., None]) -> None:
    source: Any = app.event_sources[0]
    assert len(app.event_sources) == 1
    assert source.schedule_expression.to_string() == "rate(1 minute)"
    assert source.handler_string == "chalicelib.api.schedule.dispatch"


def test_dispatch_of_a_deployment_reports_its_backlog(
    environment: Callable[..., None], database_url: str, sqs: Any, caplog: Any
) -> None:
    environment(DATABASE_URL=database_url, DEPLOYMENT="bellpull-dev")
    with caplog.at_level("INFO"), Client(app, stage_name="local") as client:
        client.lambda_.invoke("dispatch", EVENT)
    (line,) = [record for record in caplog.records if hasattr(record, "JobsWaiting")]
    assert (line.Deployment, line.JobsWaiting) == ("bellpull-dev", 0)
