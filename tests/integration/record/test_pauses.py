"""What is paused does not begin, is not lost, and its messages do not go round."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import Engine

from chalicelib.broker.contracts.diagnostics import ECHO
from chalicelib.db.clock import seconds_from_now
from chalicelib.domain.jobs import HELD
from chalicelib.errors import NotFound
from chalicelib.services import admission, controls
from chalicelib.services.adoption import NewJob as ForeignJob
from chalicelib.services.adoption import adopt
from chalicelib.services.claims import ClaimAnswer
from chalicelib.services.controls import Limit
from chalicelib.services.dispatcher import dispatch_due
from chalicelib.services.job_lifecycle import succeed
from tests.factories.jobs import create_job, new_claim, read_job
from tests.factories.workers import create_worker
from tests.fakes.sqs import FakeSqs
from tests.integration.record.admissions import BOTH, LEASE, hear, new

# --- Pauses ----------------------------------------------------------------------------------


@BOTH
def test_paused_job_is_held_and_its_bell_is_spent(
    engine: Engine, sqs: FakeSqs, scope: Any, name: str
) -> None:
    controls.pause(engine, scope, name)
    job_id = new(engine)
    assert hear(engine, job_id)[1] is ClaimAnswer.HELD
    row = read_job(engine, job_id)
    assert (row.state, row.run_at, row.held_by) == ("PENDING", HELD, "control")
    create_worker(engine, heard={"default": 0.0})
    for _ in range(3):
        dispatch_due(engine)
    assert len(sqs.sent) == 1, "the one of its submission"


@BOTH
def test_resumed_jobs_are_rung_and_run(engine: Engine, sqs: FakeSqs, scope: Any, name: str) -> None:
    controls.pause(engine, scope, name)
    ids = [new(engine) for _ in range(3)]
    for job_id in ids:
        hear(engine, job_id)
    assert controls.resume(engine, scope, name) == 3
    assert sqs.job_ids() == ids * 2
    for job_id in ids:
        assert hear(engine, job_id)[1] is ClaimAnswer.CLAIMED
        assert read_job(engine, job_id).held_by is None
    assert controls.list_controls(engine) == []


def test_bell_that_was_not_answered_yet_when_it_is_resumed_is_good(
    engine: Engine, sqs: FakeSqs
) -> None:
    controls.pause(engine, "queue", "default")
    job_id = new(engine)
    assert controls.resume(engine, "queue", "default") == 0
    assert hear(engine, job_id)[1] is ClaimAnswer.CLAIMED


def test_other_queues_and_tasks_go_on(engine: Engine, sqs: FakeSqs) -> None:
    controls.pause(engine, "queue", "network")
    controls.pause(engine, "task", "network.loadbalancers.create")
    assert hear(engine, new(engine))[1] is ClaimAnswer.CLAIMED


def test_jobs_that_run_when_it_is_paused_go_on(engine: Engine, sqs: FakeSqs) -> None:
    held, _ = hear(engine, new(engine))
    controls.pause(engine, "task", ECHO.name)
    assert succeed(engine, held, None)


def test_paused_twice_is_paused_once_and_so_is_resumed(engine: Engine, sqs: FakeSqs) -> None:
    first = controls.pause(engine, "queue", "default")
    assert controls.pause(engine, "queue", "default").paused_at == first.paused_at
    controls.resume(engine, "queue", "default")
    assert controls.resume(engine, "queue", "default") == 0


def test_what_does_not_exist_cannot_be_controlled(engine: Engine) -> None:
    with pytest.raises(NotFound, match="There is no queue nowhere"):
        controls.pause(engine, "queue", "nowhere")
    with pytest.raises(NotFound, match="There is no task none"):
        controls.set_limit(engine, "task", "none", Limit(at_once=1))


def test_delayed_job_of_a_paused_queue_waits_for_its_time_first(
    engine: Engine, sqs: FakeSqs
) -> None:
    controls.pause(engine, "queue", "default")
    job = create_job(engine, task=ECHO.name, run_at=seconds_from_now(300))
    assert hear(engine, job.id)[1] is ClaimAnswer.EARLY
    assert read_job(engine, job.id).run_at == job.run_at


def test_message_of_another_client_is_held_too(engine: Engine, sqs: FakeSqs) -> None:
    controls.pause(engine, "queue", "default")
    held = new_claim("foreign-1")
    foreign = ForeignJob(
        project_id="default",
        task="celery.task",
        queue="default",
        parameters={},
        message={"args": []},
        max_attempts=3,
    )
    assert adopt(engine, held, foreign, LEASE) is ClaimAnswer.EARLY
    assert admission.admit(engine, held, LEASE) is ClaimAnswer.HELD
    controls.resume(engine, "queue", "default")
    assert sqs.job_ids() == ["foreign-1"]


def test_pause_and_resume_among_busy_workers_lose_nothing(engine: Engine, sqs: FakeSqs) -> None:
    ids = [new(engine) for _ in range(60)]
    pending, lock = list(ids), threading.Lock()

    def work() -> None:
        while True:
            with lock:
                if not pending:
                    return
                job_id = pending.pop()
            hear(engine, job_id)

    def toggle() -> None:
        for _ in range(10):
            controls.pause(engine, "queue", "default")
            controls.resume(engine, "queue", "default")

    with ThreadPoolExecutor(5) as pool:
        futures = [pool.submit(work) for _ in range(4)] + [pool.submit(toggle)]
        for future in futures:
            future.result()
    rows = [read_job(engine, job_id) for job_id in ids]
    assert not [row for row in rows if row.held_by is not None]
    waiting = {row.id for row in rows if row.state == "PENDING"}
    assert waiting <= set(sqs.job_ids()[60:]), "each of them was rung again"
