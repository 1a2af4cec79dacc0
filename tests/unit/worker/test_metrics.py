"""What a worker counts is told in the formats of Prometheus and of CloudWatch."""

from __future__ import annotations

import logging
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from worker import metrics as module
from worker.metrics import Metrics, MetricsServer


@pytest.fixture
def metrics(monkeypatch: pytest.MonkeyPatch) -> Metrics:
    made = Metrics()
    monkeypatch.setattr(module, "METRICS", made)
    return made


@pytest.fixture
def server(metrics: Metrics) -> Iterator[MetricsServer]:
    server = MetricsServer("127.0.0.1", 0, lambda: {"jobs_waiting": 7})
    server.start()
    yield server
    server.stop()


def ask(server: MetricsServer, path: str = "/metrics") -> str:
    with urllib.request.urlopen(f"http://127.0.0.1:{server.port}{path}", timeout=5) as answer:
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        return str(answer.read().decode())


def test_counters_and_gauges_are_told_to_prometheus(
    metrics: Metrics, server: MetricsServer
) -> None:
    metrics.count("jobs_started", task="a.b")
    metrics.count("jobs_finished", task="a.b", state="SUCCESS")
    metrics.count("jobs_finished", 2, task="a.b", state="FAILURE")
    lines = ask(server).splitlines()
    assert 'bellpull_jobs_started_total{task="a.b"} 1' in lines
    assert 'bellpull_jobs_finished_total{task="a.b",state="FAILURE"} 2' in lines
    assert "# TYPE bellpull_jobs_finished_total counter" in lines
    assert "bellpull_jobs_waiting 7" in lines


def test_run_times_are_a_histogram(metrics: Metrics, server: MetricsServer) -> None:
    for seconds in (0.02, 0.2, 99.0):
        metrics.observe_run("a.b", seconds)
    text = ask(server)
    assert 'bellpull_job_run_seconds_bucket{task="a.b",le="0.05"} 1' in text
    assert 'bellpull_job_run_seconds_bucket{task="a.b",le="0.5"} 2' in text
    assert 'bellpull_job_run_seconds_bucket{task="a.b",le="+Inf"} 3' in text
    assert 'bellpull_job_run_seconds_count{task="a.b"} 3' in text
    assert 'bellpull_job_run_seconds_sum{task="a.b"} 99.22' in text


def test_hostile_name_of_a_task_breaks_no_line(metrics: Metrics) -> None:
    metrics.count("jobs_started", task='x"} 9\nevil 1')
    assert 'bellpull_jobs_started_total{task="x\\"} 9\\nevil 1"} 1' in metrics.render({})


def test_other_paths_are_not_there(server: MetricsServer) -> None:
    with pytest.raises(urllib.error.HTTPError) as told:
        ask(server, "/")
    assert told.value.code == 404
    told.value.close()


def test_cloudwatch_is_told_what_was_counted_since_the_last_time(
    metrics: Metrics, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    metrics.count("jobs_started", task="a")
    metrics.count("jobs_finished", task="a", state="RETRY")
    metrics.observe_run("a", 1.5)
    metrics.log_for_cloudwatch("prod")
    metrics.log_for_cloudwatch("prod")
    metrics.count("jobs_started", 3, task="b")
    metrics.log_for_cloudwatch("prod")
    first, second = (vars(record) for record in caplog.records)
    assert (first["JobsStarted"], first["JobsRetry"], first["RunSeconds"]) == (1, 1, 1.5)
    assert second["JobsStarted"] == 3
    [about] = first["_aws"]["CloudWatchMetrics"]
    assert {metric["Name"] for metric in about["Metrics"]} == {
        "JobsStarted",
        "JobsRetry",
        "RunSeconds",
    }
    assert first["Deployment"] == "prod"
