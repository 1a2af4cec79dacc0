"""Receives that fail are asked again; a worker that hears nothing says so and ends."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.e2e.conftest import MakeFleet
from tests.e2e.contracts import SLEEP, Sleep
from tests.e2e.fleet import Fleet
from tests.e2e.worker_process import wait_until
from tests.fakes.unruly_sqs import UnrulySqs


def _fleet(make_fleet: MakeFleet, sqs: UnrulySqs, **environment: object) -> Fleet:
    fleet = make_fleet(sqs_url=sqs.url, **environment)
    fleet.start_worker()
    return fleet


def test_polling_goes_on_when_receives_stop_failing(
    make_fleet: MakeFleet, moto_server: str
) -> None:
    with UnrulySqs(moto_server) as sqs:
        fleet = _fleet(make_fleet, sqs, E2E_DEAF_SECONDS=30)
        [worker] = fleet.workers
        moods: dict[str, Callable[[], None]] = {
            "HTTP 403": lambda: sqs.refuse(403),
            "HTTP 503": lambda: sqs.refuse(503),
            "its answer cannot be read": sqs.babble,
            "HTTP 599": sqs.hang_up,
            "timed out": sqs.hang,
        }
        for words, misbehave in moods.items():
            before = len(worker.text)
            misbehave()
            wait_until(lambda: sqs.misdeeds >= 4, 15)
            sqs.obey()
            job_id = fleet.submit(SLEEP, Sleep(seconds=0))
            fleet.wait_for_state(job_id, "SUCCESS")
            said = worker.text[before:]
            assert "receive failed: queue=" in said
            assert words in said
            assert worker.status is None


def test_worker_that_hears_nothing_says_why_and_exits_69(
    make_fleet: MakeFleet, moto_server: str
) -> None:
    with UnrulySqs(moto_server) as sqs:
        fleet = _fleet(make_fleet, sqs, E2E_DEAF_SECONDS=4)
        [worker] = fleet.workers
        time.sleep(2)
        assert worker.status is None
        sqs.hang()
        assert worker.wait_for_exit(30) == 69
        assert "watchdog: queue" in worker.text
        assert "no successful ReceiveMessage for" in worker.text
        assert worker.group_pids() == []
        assert fleet.list_workers() == []


def test_busy_worker_without_free_slots_is_not_deaf(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(E2E_DEAF_SECONDS=2)
    worker = fleet.start_worker(concurrency=1)
    job_id = fleet.submit(SLEEP, Sleep(seconds=5))
    assert fleet.wait_for_state(job_id, "SUCCESS").attempts == 1
    assert worker.status is None
