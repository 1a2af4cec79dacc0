"""What a worker logs about a job tells the request and the trace that the job comes from."""

from __future__ import annotations

import json

import pytest

from chalicelib.tracing import traced
from tests.e2e.conftest import MakeFleet
from tests.e2e.contracts import SLEEP, Sleep

PARENT = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


@pytest.mark.parametrize("pool", ["prefork", "threads"])
def test_worker_logs_under_the_trace_of_the_job(make_fleet: MakeFleet, pool: str) -> None:
    fleet = make_fleet()
    worker = fleet.start_worker("-P", pool, LOG_FORMAT="json")
    with traced("POST /jobs", "server", request_id="request-7", parent=PARENT):
        job_id = fleet.submit(SLEEP, Sleep(seconds=0))
    other_id = fleet.submit(SLEEP, Sleep(seconds=0))
    for waited in (job_id, other_id):
        fleet.wait_for_state(waited, "SUCCESS")
        worker.wait_for_line(f"[{waited}] succeeded")
    lines = [json.loads(line) for line in worker.text.splitlines() if line.startswith("{")]
    ours, others = (
        [line for line in lines if f"[{one}] succeeded" in line["message"]]
        for one in (job_id, other_id)
    )
    assert {(line["request_id"], line["trace_id"]) for line in ours} == {
        ("request-7", PARENT[3:35])
    }
    assert {line["request_id"] for line in others} == {None}
