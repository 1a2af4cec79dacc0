"""A worker with a port tells what it has done, and what waits in the whole deployment."""

from __future__ import annotations

import re
import urllib.request

from tests.e2e.conftest import MakeFleet
from tests.e2e.contracts import FAIL, SLEEP, Fail, Sleep


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
    found = re.search(r"metrics at (http://127.0.0.1:\d+/metrics)", worker.text)
    assert found is not None
    with urllib.request.urlopen(found[1], timeout=5) as answer:
        text = answer.read().decode()
    assert 'bellpull_jobs_finished_total{task="e2e.sleep",state="SUCCESS"} 3' in text
    assert 'bellpull_jobs_finished_total{task="e2e.fail",state="FAILURE"} 1' in text
    assert 'bellpull_job_run_seconds_count{task="e2e.sleep"} 3' in text
    assert 'bellpull_job_run_seconds_count{task="e2e.fail"} 1' in text
    assert 'bellpull_job_wait_seconds_count{task="e2e.sleep"} 3' in text
    assert 'bellpull_jobs_enqueued_total{task="plain.add"} 1' in text
    assert 'bellpull_jobs_waiting{queue="default"} 0' in text
    assert "bellpull_database_up 1" in text
    assert "bellpull_workers 1" in text
