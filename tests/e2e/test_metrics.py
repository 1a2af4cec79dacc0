"""A worker with a port tells what it has done, and what waits in the whole deployment."""

from __future__ import annotations

import re
import urllib.request

from tests.e2e.conftest import MakeFleet
from tests.e2e.contracts import DIE, FAIL, HARD, SLEEP, Die, Fail, Sleep
from tests.e2e.worker_process import Worker


def read_metrics(worker: Worker) -> str:
    found = re.search(r"metrics at (http://127.0.0.1:\d+/metrics)", worker.text)
    assert found is not None
    with urllib.request.urlopen(found[1], timeout=5) as answer:
        text: str = answer.read().decode()
    return text


def test_worker_tells_prometheus_what_it_did(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    worker = fleet.start_worker(METRICS_PORT=0)
    done = [fleet.submit(SLEEP, Sleep(seconds=0)) for _ in range(3)]
    failed = fleet.submit(FAIL, Fail(kind="permanent"))
    for job_id in done:
        fleet.wait_for_state(job_id, "SUCCESS")
    fleet.wait_for_state(failed, "FAILURE")
    sender = fleet.foreign_app().send_task("plain.spawn", (1,))  # adopted, and sends another job
    fleet.wait_for_state(sender.id, "SUCCESS")
    text = read_metrics(worker)
    assert 'bellpull_jobs_finished_total{task="e2e.sleep",state="SUCCESS"} 3' in text
    assert 'bellpull_jobs_finished_total{task="e2e.fail",state="FAILURE"} 1' in text
    assert 'bellpull_job_run_seconds_count{task="e2e.sleep"} 3' in text
    assert 'bellpull_job_run_seconds_count{task="e2e.fail"} 1' in text
    assert 'bellpull_job_wait_seconds_count{task="e2e.sleep"} 3' in text
    assert 'bellpull_jobs_enqueued_total{task="plain.add"} 1' in text
    assert 'bellpull_jobs_waiting{queue="default"} 0' in text
    assert "bellpull_database_up 1" in text
    assert "bellpull_workers 1" in text


def test_attempts_are_counted_by_what_their_jobs_became(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    worker = fleet.start_worker(METRICS_PORT=0)
    client = fleet.foreign_app()
    ids = {
        "killed once": fleet.submit(DIE, Die(times=1)),
        "over its time": fleet.submit(HARD, Sleep(seconds=30)),
        "retried": client.send_task("plain.retry", (0.1,)).id,
        "given back": client.send_task("plain.reject", (True,)).id,
        "ignored": client.send_task("plain.ignore").id,
        "replaced": client.send_task("plain.become", ("task",)).id,
    }
    states = {
        what: fleet.wait_for_state(job_id, "SUCCESS", "FAILURE", "REVOKED").state
        for what, job_id in ids.items()
    }
    others = {"over its time": "FAILURE", "ignored": "REVOKED"}
    assert states == dict.fromkeys(ids, "SUCCESS") | others
    told = read_metrics(worker).splitlines()
    counted = {
        line.removeprefix("bellpull_jobs_")
        for line in told
        if line.startswith(("bellpull_jobs_finished_total{", "bellpull_jobs_retried_total{"))
    }
    assert counted == {
        'finished_total{task="e2e.die",state="SUCCESS"} 1',
        'finished_total{task="e2e.hard",state="FAILURE"} 1',
        'finished_total{task="plain.add",state="SUCCESS"} 1',
        'finished_total{task="plain.ignore",state="REVOKED"} 1',
        'finished_total{task="plain.reject",state="SUCCESS"} 1',
        'finished_total{task="plain.retry",state="SUCCESS"} 1',
        'retried_total{task="e2e.die"} 1',
        'retried_total{task="plain.retry"} 1',
    }
