"""A job's ordinary way, and what a Celery user sees of it."""

from __future__ import annotations

import json

import pytest

from tests.e2e.conftest import MakeFleet
from tests.e2e.contracts import FAIL, SLEEP, Fail, Sleep


@pytest.mark.parametrize("backend", ["mariadb", "sqlite"])
def test_submitted_job_runs_once_and_its_message_is_deleted(
    make_fleet: MakeFleet, backend: str
) -> None:
    fleet = make_fleet(backend)
    worker = fleet.start_worker()
    job_ids = [fleet.submit(SLEEP, Sleep(seconds=0)) for _ in range(20)]
    for job_id in job_ids:
        row = fleet.wait_for_state(job_id, "SUCCESS")
        assert row.result == {"attempt": 1, "length": 0}
        assert row.attempts == 1
        assert fleet.notes(job_id) == ["effect"]
    fleet.wait_until_queues_empty()

    delayed = fleet.submit(SLEEP, Sleep(seconds=0), delay_seconds=3)
    row = fleet.wait_for_state(delayed, "SUCCESS")
    assert 0 <= (row.started_at - row.run_at).total_seconds() < 1.5

    assert [row.pid for row in fleet.list_workers()] == [worker.pid]
    worker.terminate()
    assert worker.wait_for_exit() == 0
    assert fleet.list_workers() == []
    assert worker.group_pids() == []
    said = worker.text
    for words in ("[queues]", ".> network", "[tasks]", ". network.loadbalancers.create", "ready."):
        assert words in said
    assert f"Task e2e.sleep[{job_ids[0]}] received" in said
    assert f"Task e2e.sleep[{job_ids[0]}] succeeded in" in said
    assert "Traceback" not in said


def test_log_lines_are_json_and_hold_no_parameters(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(LOG_FORMAT="json")
    worker = fleet.start_worker()
    done = fleet.submit(SLEEP, Sleep(seconds=0, text="hush-hush"))
    failed = fleet.submit(FAIL, Fail(kind="unexpected", times=9))
    foreign = fleet.foreign_app().send_task("plain.note", kwargs={"text": "hush-hush"})
    fleet.wait_for_state(done, "SUCCESS")
    fleet.wait_for_state(foreign.id, "SUCCESS")
    fleet.wait_for_state(failed, "FAILURE")
    worker.terminate()
    worker.wait_for_exit()

    said = worker.text
    lines = said[said.index('{"time"') :].splitlines()
    parsed = [json.loads(line) for line in lines if line and "Warm shutdown" not in line]
    assert {"time", "level", "logger", "process", "message"} <= set(parsed[0])
    assert any("traceback" in line for line in parsed)
    # What a sender put into Celery's `kwargsrepr` is its own doing and is not logged either.
    assert "hush-hush" not in said
