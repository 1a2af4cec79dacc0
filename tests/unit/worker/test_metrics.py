"""What a worker counts is told in the formats of Prometheus and of CloudWatch."""

from __future__ import annotations

import logging
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator

import pytest

from chalicelib import enqueued
from worker import metrics as module
from worker.metrics import Metrics, MetricsServer


@pytest.fixture
def metrics(monkeypatch: pytest.MonkeyPatch) -> Metrics:
    made = Metrics()
    monkeypatch.setattr(module, "METRICS", made)
    return made


@pytest.fixture
def server(metrics: Metrics) -> Iterator[MetricsServer]:
    server = MetricsServer(
        "127.0.0.1", 0, lambda: [("jobs_waiting", (("queue", "network"),), 7), ("workers", (), 2)]
    )
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
    metrics.enqueued({"a.b": 4})
    metrics.started("a.b", None)
    metrics.ended("a.b", "SUCCESS", None)
    metrics.ended("a.b", "FAILURE", 0.1)
    metrics.ended("a.b", "FAILURE", 0.1)
    metrics.ended("a.b", "RETRY", None)
    metrics.rescued(3)
    lines = ask(server).splitlines()
    assert 'bellpull_jobs_enqueued_total{task="a.b"} 4' in lines
    assert 'bellpull_jobs_started_total{task="a.b"} 1' in lines
    assert 'bellpull_jobs_finished_total{task="a.b",state="SUCCESS"} 1' in lines
    assert 'bellpull_jobs_finished_total{task="a.b",state="FAILURE"} 2' in lines
    assert 'bellpull_jobs_retried_total{task="a.b"} 1' in lines
    assert "bellpull_jobs_rescued_total 3" in lines
    assert "# TYPE bellpull_jobs_finished_total counter" in lines
    assert 'bellpull_jobs_waiting{queue="network"} 7' in lines
    assert "bellpull_workers 2" in lines


def test_run_and_wait_times_are_histograms(metrics: Metrics, server: MetricsServer) -> None:
    for seconds in (0.02, 0.2, 99.0):
        metrics.ended("a.b", "SUCCESS", seconds)
    metrics.started("a.b", 5000.0)
    lines = ask(server).splitlines()
    assert 'bellpull_job_run_seconds_bucket{task="a.b",le="0.05"} 1' in lines
    assert 'bellpull_job_run_seconds_bucket{task="a.b",le="0.5"} 2' in lines
    assert 'bellpull_job_run_seconds_bucket{task="a.b",le="+Inf"} 3' in lines
    assert 'bellpull_job_run_seconds_count{task="a.b"} 3' in lines
    assert 'bellpull_job_run_seconds_sum{task="a.b"} 99.22' in lines
    assert 'bellpull_job_wait_seconds_bucket{task="a.b",le="1800"} 0' in lines
    assert 'bellpull_job_wait_seconds_bucket{task="a.b",le="+Inf"} 1' in lines


def test_large_counts_are_told_to_the_last_digit(metrics: Metrics) -> None:
    metrics.enqueued({"a": 123_456_789})
    assert 'bellpull_jobs_enqueued_total{task="a"} 123456789' in metrics.render([])


def test_hostile_name_of_a_task_breaks_no_line(metrics: Metrics) -> None:
    metrics.started('x"} 9\nevil 1', None)
    assert 'bellpull_jobs_started_total{task="x\\"} 9\\nevil 1"} 1' in metrics.render([])


def test_what_this_process_recorded_is_told_once(metrics: Metrics) -> None:
    enqueued.take()
    enqueued.count(["a", "a", "b"])
    for _ in range(2):
        assert 'bellpull_jobs_enqueued_total{task="a"} 2' in metrics.render([])
    assert enqueued.take() == {}


def test_other_paths_are_not_there(server: MetricsServer) -> None:
    with pytest.raises(urllib.error.HTTPError) as told:
        ask(server, "/")
    assert told.value.code == 404
    told.value.close()


def test_cloudwatch_is_told_what_was_counted_since_the_last_time(
    metrics: Metrics, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    metrics.started("a", 0.3)
    metrics.ended("a", "RETRY", None)
    metrics.ended("a", "SUCCESS", 1.5)
    metrics.log_for_cloudwatch("prod")
    metrics.log_for_cloudwatch("prod")
    metrics.started("b", 0.02)
    metrics.log_for_cloudwatch("prod")
    first, second = (vars(record) for record in caplog.records)
    told = {"JobsStarted": 1, "JobsRetried": 1, "JobsSuccess": 1}
    told |= {"RunSeconds": [5.0], "WaitSeconds": [0.5]}
    assert {name: first[name] for name in told} == told
    assert (second["JobsStarted"], second["WaitSeconds"]) == (1, [0.05])
    [about] = first["_aws"]["CloudWatchMetrics"]
    units = {metric["Name"]: metric["Unit"] for metric in about["Metrics"]}
    assert units == dict.fromkeys(told, "Count") | dict.fromkeys(
        ("RunSeconds", "WaitSeconds"), "Seconds"
    )
    assert first["Deployment"] == "prod"


def test_cloudwatch_gets_no_more_values_than_it_takes_and_none_is_left_out(
    metrics: Metrics, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    for _ in range(9_999):
        metrics.ended("a", "SUCCESS", 0.02)
    metrics.ended("a", "SUCCESS", 7000.0)
    metrics.log_for_cloudwatch("prod")
    values = vars(caplog.records[0])["RunSeconds"]
    assert 80 < len(values) <= 100
    assert (values.count(0.05), values.count(3600.0)) == (len(values) - 1, 1)


def test_child_that_is_born_while_its_parent_counts_counts_too() -> None:
    script = """
import os, signal, threading, time
from chalicelib import enqueued
enqueued.count(["a"])
is_held = threading.Event()
def count():
    with enqueued._lock:
        is_held.set()
        time.sleep(0.5)
threading.Thread(target=count).start()
is_held.wait()
pid = os.fork()
if pid == 0:
    signal.alarm(5)
    enqueued.count(["b"])
    os._exit(0 if enqueued.take() == {"b": 1} else 1)
assert os.waitpid(pid, 0)[1] == 0
assert enqueued.take() == {"a": 1}
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=30)
