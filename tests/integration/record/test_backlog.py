"""What scaling and alarms go by is counted in the record and written as metrics."""

from __future__ import annotations

import json
import logging

import pytest
from sqlalchemy import Engine

from chalicelib.broker.queues import QUEUES
from chalicelib.db.clock import seconds_from_now
from chalicelib.logs import JsonFormatter
from chalicelib.services.backlog import Backlog, QueueBacklog, measure_backlog, report_backlog
from tests.factories.jobs import create_job
from tests.factories.workers import create_worker


def test_nothing_at_all_is_no_backlog(engine: Engine) -> None:
    measured = measure_backlog(engine)
    assert measured == Backlog(
        queues=[QueueBacklog(name, 0, 0.0) for name in QUEUES],
        running=0,
        ended=0,
        failed=0,
        workers=0,
        breakers_open=0,
    )
    assert measured.metrics()["BacklogWithoutWorkers"] == 0


def test_only_jobs_that_may_run_now_wait(engine: Engine) -> None:
    create_job(engine, run_at=seconds_from_now(-90))
    create_job(engine, state="RETRY", rung_at=seconds_from_now(0))
    create_job(engine, run_at=seconds_from_now(60))
    create_job(engine, queue="of-somebody-else")
    create_job(engine, state="STARTED")
    measured = measure_backlog(engine)
    assert (measured.waiting, measured.running) == (2, 1)
    assert 89 < measured.oldest_waiting_seconds < 120


def test_depth_and_age_are_measured_of_each_queue(engine: Engine) -> None:
    create_job(engine, queue="network", run_at=seconds_from_now(-300))
    create_job(engine, queue="network", run_at=seconds_from_now(-10))
    create_job(engine, queue="default", run_at=seconds_from_now(-20))
    queues = {queue.name: queue for queue in measure_backlog(engine).queues}
    assert {name: queue.waiting for name, queue in queues.items()} == {
        "network": 2,
        "default": 1,
        "notifications": 0,
    }
    assert 299 < queues["network"].oldest_waiting_seconds < 330
    assert 19 < queues["default"].oldest_waiting_seconds < 50


def test_jobs_that_ended_in_the_last_minute_are_counted(engine: Engine) -> None:
    for state in ("SUCCESS", "SUCCESS", "FAILURE", "REVOKED"):
        create_job(engine, state=state)
    create_job(engine, state="FAILURE", finished_at=seconds_from_now(-70))
    measured = measure_backlog(engine)
    assert (measured.ended, measured.failed) == (4, 1)


def test_backlog_is_shared_by_the_workers_that_are_alive(engine: Engine) -> None:
    for _ in range(6):
        create_job(engine)
    alone = measure_backlog(engine).metrics()
    assert (alone["BacklogPerWorker"], alone["BacklogWithoutWorkers"]) == (6, 6)
    for seconds in (0, -10, -300):
        create_worker(engine, last_heartbeat_at=seconds_from_now(seconds))
    together = measure_backlog(engine).metrics()
    assert (together["BacklogPerWorker"], together["BacklogWithoutWorkers"]) == (3, 0)


def test_report_is_a_line_that_cloudwatch_takes_metrics_from(
    sqlite_engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    create_job(sqlite_engine)
    with caplog.at_level(logging.INFO):
        report_backlog(sqlite_engine, "bellpull-dev")
    line = json.loads(JsonFormatter().format(caplog.records[0]))
    (about,) = line["_aws"]["CloudWatchMetrics"]
    assert about["Namespace"] == "Bellpull"
    assert about["Dimensions"] == [["Deployment"]]
    assert line["Deployment"] == "bellpull-dev"
    assert line["JobsWaiting"] == 1
    assert "JobsWaiting" in [metric["Name"] for metric in about["Metrics"]]
    assert all(isinstance(line[metric["Name"]], int | float) for metric in about["Metrics"])


def test_depth_of_each_queue_is_a_line_of_its_own(
    sqlite_engine: Engine, caplog: pytest.LogCaptureFixture
) -> None:
    create_job(sqlite_engine, queue="network")
    with caplog.at_level(logging.INFO):
        report_backlog(sqlite_engine, "bellpull-dev")
    lines = [json.loads(JsonFormatter().format(record)) for record in caplog.records[1:]]
    assert {line["Queue"]: line["QueueDepth"] for line in lines} == {
        "network": 1,
        "default": 0,
        "notifications": 0,
    }
    for line in lines:
        assert line["_aws"]["CloudWatchMetrics"][0]["Dimensions"] == [["Deployment", "Queue"]]
