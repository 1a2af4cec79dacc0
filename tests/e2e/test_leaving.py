"""SIGTERM: what a worker finishes, what it gives back, and how fast others take over."""

from __future__ import annotations

import json
import os
import signal
import time

from chalicelib.broker.queues import DEFAULT
from tests.e2e.conftest import MakeFleet
from tests.e2e.contracts import SLEEP, STUBBORN, Sleep
from tests.e2e.messages import envelope
from tests.e2e.worker_process import wait_until


def test_short_job_is_finished_before_the_worker_leaves(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(SHUTDOWN_GRACE_SECONDS=15)
    worker = fleet.start_worker()
    job_id = fleet.submit(SLEEP, Sleep(seconds=2.5))
    fleet.wait_until_begun(job_id)
    worker.terminate()
    assert worker.wait_for_exit() == 0
    assert fleet.job(job_id).state == "SUCCESS"
    assert fleet.outcomes(job_id) == []
    assert fleet.list_workers() == []
    assert worker.group_pids() == []
    fleet.wait_until_queues_empty()


def test_success_within_the_grace_leaves_no_message(make_fleet: MakeFleet) -> None:
    """One that the main process records, after its event loop has ended."""
    fleet = make_fleet(SHUTDOWN_GRACE_SECONDS=15)
    url = fleet.queue_url(DEFAULT)
    fleet.sqs.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "120"})
    worker = fleet.start_worker()
    message = envelope("plain.note", ["done"], {"seconds": 3})
    fleet.send(json.dumps(message))
    fleet.wait_for_note(message["headers"]["id"], "done")
    worker.terminate()
    assert worker.wait_for_exit() == 0
    assert fleet.job(message["headers"]["id"]).state == "SUCCESS"
    assert fleet.count_messages(DEFAULT) == 0


def test_long_job_is_released_uncounted_and_starts_elsewhere_at_once(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet(SHUTDOWN_GRACE_SECONDS=1, LEASE_SECONDS=60)
    first = fleet.start_worker(concurrency=1)
    job_id = fleet.submit(SLEEP, Sleep(seconds=6))
    fleet.wait_until_begun(job_id)
    first_claim = fleet.job(job_id).claim_id
    second = fleet.start_worker(concurrency=1)
    first.terminate()
    assert first.wait_for_exit() == 0
    left_at = time.monotonic()
    wait_until(lambda: fleet.job(job_id).claim_id != first_claim, 5)
    assert time.monotonic() - left_at < 3
    row = fleet.wait_for_state(job_id, "SUCCESS")
    assert row.attempts == 1
    assert fleet.outcomes(job_id) == ["released"]
    assert fleet.notes(job_id) == ["effect"]
    assert [row.pid for row in fleet.list_workers()] == [second.pid]
    assert first.group_pids() == []
    fleet.wait_until_queues_empty()


def test_received_messages_that_were_not_started_come_back(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(SHUTDOWN_GRACE_SECONDS=6, E2E_VISIBILITY_SECONDS=600)
    for queue in ("network", "default"):
        fleet.sqs.set_queue_attributes(
            QueueUrl=fleet.queue_url(queue), Attributes={"VisibilityTimeout": "600"}
        )
    job_ids = [fleet.submit(SLEEP, Sleep(seconds=1.2)) for _ in range(8)]
    first = fleet.start_worker("--prefetch-multiplier", "4", concurrency=1)
    wait_until(lambda: first.text.count("received") >= 4, 20)
    wait_until(lambda: any(fleet.has_begun(job_id) for job_id in job_ids), 20)
    first.terminate()
    wait_until(lambda: fleet.count_visible(DEFAULT) >= 7, 5)
    assert first.wait_for_exit() == 0
    done = [job_id for job_id in job_ids if fleet.job(job_id).state == "SUCCESS"]
    assert len(done) in (1, 2)
    second = fleet.start_worker(concurrency=2)
    for job_id in job_ids:
        assert fleet.wait_for_state(job_id, "SUCCESS", seconds=30).attempts == 1
        assert fleet.notes(job_id) == ["effect"]
    assert second.status is None
    fleet.wait_until_queues_empty()


def test_second_sigterm_leaves_now(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(SHUTDOWN_GRACE_SECONDS=60)
    worker = fleet.start_worker()
    job_id = fleet.submit(SLEEP, Sleep(seconds=60))
    fleet.wait_until_begun(job_id)
    worker.terminate()
    time.sleep(1)
    assert worker.status is None
    worker.terminate()
    asked_at = time.monotonic()
    assert worker.wait_for_exit() == 0
    assert time.monotonic() - asked_at < 5
    row = fleet.job(job_id)
    assert row.state == "PENDING"
    assert row.attempts == 0
    assert fleet.outcomes(job_id) == ["released"]
    assert worker.group_pids() == []
    assert fleet.list_workers() == []


def test_sigquit_leaves_now(make_fleet: MakeFleet) -> None:
    # Before its first beat.
    fleet = make_fleet(
        SHUTDOWN_GRACE_SECONDS=60, LEASE_SECONDS=60, BEAT_SECONDS=15, E2E_VISIBILITY_SECONDS=600
    )
    fleet.sqs.set_queue_attributes(
        QueueUrl=fleet.queue_url(DEFAULT), Attributes={"VisibilityTimeout": "600"}
    )
    worker = fleet.start_worker()
    job_ids = [fleet.submit(STUBBORN, Sleep(seconds=30)) for _ in range(3)]
    for job_id in job_ids[:2]:
        fleet.wait_for_note(job_id, "began")
    worker.signal(signal.SIGQUIT)
    worker.wait_for_exit(10)
    assert [fleet.outcomes(job_id) for job_id in job_ids] == [["released"], ["released"], []]
    assert {(fleet.job(one).state, fleet.job(one).attempts) for one in job_ids} == {("PENDING", 0)}
    assert fleet.count_visible(DEFAULT) == 3, "others can take them at once"
    assert worker.group_pids() == []
    assert fleet.list_workers() == []


def test_interrupt_from_the_keyboard_leaves_as_sigterm_does(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(SHUTDOWN_GRACE_SECONDS=15)
    worker = fleet.start_worker()
    job_id = fleet.submit(SLEEP, Sleep(seconds=2))
    fleet.wait_until_begun(job_id)
    worker.signal(signal.SIGINT)
    worker.wait_for_exit()
    assert fleet.job(job_id).state == "SUCCESS"
    assert fleet.list_workers() == []
    assert worker.group_pids() == []


def test_sigterm_to_the_pool_too_costs_no_attempt(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(SHUTDOWN_GRACE_SECONDS=20)
    worker = fleet.start_worker()
    job_id = fleet.submit(SLEEP, Sleep(seconds=30))
    fleet.wait_until_begun(job_id)
    os.killpg(worker.pid, signal.SIGTERM)
    worker.wait_for_exit()
    row = fleet.job(job_id)
    assert (row.state, row.attempts) == ("PENDING", 0)
    assert fleet.outcomes(job_id) == ["released"]


def test_job_whose_process_ends_before_it_began_costs_no_attempt(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(SHUTDOWN_GRACE_SECONDS=20, LEASE_SECONDS=60)
    worker = fleet.start_worker(concurrency=1)
    (child,) = worker.child_pids()
    os.kill(child, signal.SIGSTOP)
    job_id = fleet.submit(SLEEP, Sleep(seconds=30))
    fleet.wait_for_state(job_id, "STARTED")
    time.sleep(1)  # claimed; that it was written to the process a moment later nothing tells
    worker.terminate()
    os.kill(child, signal.SIGKILL)
    worker.wait_for_exit()
    row = fleet.job(job_id)
    assert (row.state, row.attempts) == ("PENDING", 0)
    # Unclaimed, if it was seen that no process has begun it, else released.
    assert fleet.outcomes(job_id) in ([], ["released"])
    second = fleet.start_worker(concurrency=1)
    second.wait_for_line(job_id, 5)


def test_idle_worker_leaves_at_once(make_fleet: MakeFleet) -> None:
    fleet = make_fleet("sqlite", SHUTDOWN_GRACE_SECONDS=60)
    worker = fleet.start_worker()
    time.sleep(1)
    worker.terminate()
    asked_at = time.monotonic()
    assert worker.wait_for_exit() == 0
    assert time.monotonic() - asked_at < 6
    assert fleet.list_workers() == []
