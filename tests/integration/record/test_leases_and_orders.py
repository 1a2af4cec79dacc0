"""What a worker's beat does to the jobs that it has in hand."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from chalicelib.services import job_orders
from chalicelib.services.claims import claim
from chalicelib.services.job_lifecycle import succeed
from chalicelib.services.leases import extend, read_orders
from tests.factories.jobs import (
    WORKER,
    create_claimed_job,
    create_job,
    expire_lease,
    new_claim,
    read_job,
    set_job,
)


def test_leases_of_jobs_in_hand_are_renewed(engine: Engine) -> None:
    job_ids = [create_claimed_job(engine).job_id for _ in range(3)]
    for job_id in job_ids:
        expire_lease(engine, job_id)
    extend(engine, WORKER, job_ids[:2], 3600.0)
    lasts = [
        (row.lease_expires_at - row.started_at).total_seconds() > 3000
        for row in (read_job(engine, job_id) for job_id in job_ids)
    ]
    assert lasts == [True, True, False], "a job that is not in hand must lapse"


def test_job_that_another_worker_took_is_not_extended(engine: Engine) -> None:
    held = create_claimed_job(engine, "worker-2")
    before = read_job(engine, held.job_id)
    extend(engine, "worker-1", [held.job_id], 3600.0)
    assert read_job(engine, held.job_id) == before


@pytest.mark.parametrize("state", ["PENDING", "RETRY", "SUCCESS", "FAILURE", "REVOKED"])
def test_job_that_does_not_run_gets_no_lease(engine: Engine, state: str) -> None:
    job = create_job(engine, state=state, worker_id=WORKER)
    extend(engine, WORKER, [job.id], 3600.0)
    assert read_job(engine, job.id).lease_expires_at is None


def test_nothing_in_hand_needs_no_statement() -> None:
    no_engine: Engine = None  # type: ignore[assignment]
    extend(no_engine, WORKER, [], 40.0)
    assert read_orders(no_engine, WORKER, []) == []


def test_order_to_stop_is_read_by_the_worker_that_runs_the_job(engine: Engine) -> None:
    held, other = create_claimed_job(engine), create_claimed_job(engine)
    job_orders.cancel(engine, "demo", held.job_id)
    assert read_orders(engine, WORKER, [held.job_id, other.job_id]) == [held.job_id]
    assert read_orders(engine, "worker-2", [held.job_id]) == []
    assert read_orders(engine, WORKER, [other.job_id]) == []


def test_order_ends_with_the_job(engine: Engine) -> None:
    held = create_claimed_job(engine)
    job_orders.cancel(engine, "demo", held.job_id)
    set_job(engine, held.job_id, state="SUCCESS")
    assert read_orders(engine, WORKER, [held.job_id]) == []


def test_beat_and_outcomes_do_not_deadlock(mariadb_engine: Engine) -> None:
    """Both touch the same rows at once: they must lock them in the same order."""
    in_hand: list[str] = []
    is_done = threading.Event()

    def beat() -> None:
        while not is_done.is_set():
            extend(mariadb_engine, WORKER, list(in_hand), 40.0)

    def work() -> None:
        for _ in range(150):
            held = new_claim(create_job(mariadb_engine).id)
            in_hand.append(held.job_id)
            claim(mariadb_engine, held, 40.0)
            assert succeed(mariadb_engine, held, None)
            in_hand.remove(held.job_id)

    with ThreadPoolExecutor(4) as pool:
        beats = pool.submit(beat)
        workers = [pool.submit(work) for _ in range(3)]
        try:
            for worker in workers:
                worker.result()
        finally:
            is_done.set()
        beats.result()
