"""Full queues share a real worker by their weights."""

from __future__ import annotations

import pytest

from chalicelib.services.jobs import NewJob, submit_many
from tests.e2e.conftest import MakeFleet
from tests.e2e.contracts import SLEEP, Sleep
from tests.e2e.fleet import PROJECT

#: In each queue.
JOBS = 70
#: The heaviest first; not what the settings say by themselves, nor like it.
WEIGHTS = {"notifications": 5, "default": 2, "network": 1}


def test_full_queues_are_served_by_their_weights_and_none_starves(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(QUEUE_WEIGHTS=",".join(f"{queue}={n}" for queue, n in WEIGHTS.items()))
    new = [
        NewJob(contract=SLEEP, parameters=Sleep(seconds=0.1), queue=queue)
        for queue in reversed(WEIGHTS)
        for _ in range(JOBS)
    ]
    ids = [row.id for row in submit_many(fleet.engine, PROJECT, new).rows]
    fleet.start_worker(concurrency=4)
    for job_id in ids:
        fleet.wait_for_state(job_id, "SUCCESS", seconds=90)
    rows = sorted((fleet.job(job_id) for job_id in ids), key=lambda row: row.started_at)
    ends = [number for number, row in enumerate(rows) if row.queue == "notifications"]
    # While all were full: until the first of them was nearly empty.
    begun = [row.queue for row in rows[: ends[-20]]]
    shares = {queue: begun.count(queue) / len(begun) for queue in WEIGHTS}
    whole = sum(WEIGHTS.values())
    wanted = {queue: weight / whole for queue, weight in WEIGHTS.items()}
    assert shares == pytest.approx(wanted, abs=0.08), shares
