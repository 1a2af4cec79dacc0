"""The dispatcher rings what is due, and what workers must have heard if it was not lost."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from chalicelib.broker.contracts import TaskContract
from chalicelib.broker.contracts.load_balancers import AddLoadBalancer
from chalicelib.db.clock import seconds_from_now
from chalicelib.db.engine import in_transaction
from chalicelib.services import dispatcher
from chalicelib.services.dispatcher import dispatch_due, ring_due, ring_lost, ring_waiting
from chalicelib.services.jobs import NewJob, insert_job, ring_committed, submit
from tests.factories.jobs import create_job, read_job, set_job
from tests.factories.workers import create_worker
from tests.fakes.sqs import FakeSqs

ECHO = TaskContract(name="test.echo", parameters=AddLoadBalancer, description="Echoes.")
PARAMETERS = AddLoadBalancer(load_balancer_id="lb-1", upstream_id="upstream-1")


def hear(engine: Engine, seconds_ago: float, *queues: str) -> None:
    """Let a worker have heard everything in its queues until some seconds ago."""
    create_worker(engine, heard=dict.fromkeys(queues or ["default"], seconds_ago))


def test_job_that_was_never_rung_is_rung_once(engine: Engine, sqs: FakeSqs) -> None:
    job = create_job(engine, attempts=1, parameters={"a": 1})
    assert (ring_due(engine), ring_due(engine)) == (1, 0)
    (sent,) = sqs.sent
    assert (sent.job_id, sent.queue, sent.group, sent.delay_seconds) == (
        job.id,
        "default",
        "demo",
        0,
    )
    assert (sent.headers["retries"], sent.content[1]) == (1, {"a": 1})
    assert read_job(engine, job.id).rung_at is not None


@pytest.mark.parametrize("state", ["STARTED", "SUCCESS", "FAILURE", "REVOKED"])
def test_job_that_does_not_wait_is_not_rung(engine: Engine, sqs: FakeSqs, state: str) -> None:
    create_job(engine, state=state, rung_at=None)
    hear(engine, 0)
    assert dispatch_due(engine).rung == 0
    assert sqs.sent == []


def test_job_of_the_next_minute_is_handed_to_sqs_with_its_delay(
    engine: Engine, sqs: FakeSqs
) -> None:
    create_job(engine, run_at=seconds_from_now(30))
    create_job(engine, run_at=seconds_from_now(90))
    assert ring_due(engine) == 1
    assert 25 <= sqs.sent[0].delay_seconds <= 30


def test_job_of_next_month_is_one_row_until_its_time_comes(engine: Engine, sqs: FakeSqs) -> None:
    new = NewJob(contract=ECHO, parameters=PARAMETERS, delay_seconds=100_000)
    job = submit(engine, "demo", new)
    assert (job.rung_at, sqs.sent) == (None, [])
    hear(engine, 0)
    assert dispatch_due(engine).rung == 0
    set_job(engine, job.id, run_at=seconds_from_now(0))
    assert dispatch_due(engine).rung == 1


@pytest.mark.parametrize(("delay", "told"), [(0.0, 0), (3.0, 3), (2.1, 3), (900.0, 900)])
def test_delay_within_what_sqs_can_hold_is_rung_at_once(
    engine: Engine, sqs: FakeSqs, delay: float, told: int
) -> None:
    new = NewJob(contract=ECHO, parameters=PARAMETERS, delay_seconds=delay)
    job = submit(engine, "demo", new)
    assert [message.delay_seconds for message in sqs.sent] == [told]
    assert job.rung_at is not None
    assert (job.run_at - job.created_at).total_seconds() == pytest.approx(delay, abs=0.01)
    assert ring_due(engine) == 0


def test_delay_just_beyond_rests_in_the_row(engine: Engine, sqs: FakeSqs) -> None:
    new = NewJob(contract=ECHO, parameters=PARAMETERS, delay_seconds=900.5)
    assert submit(engine, "demo", new).rung_at is None
    assert sqs.sent == []


def test_bell_that_could_not_be_sent_is_rung_by_the_next_pass(engine: Engine, sqs: FakeSqs) -> None:
    jobs = [create_job(engine) for _ in range(3)]
    sqs.refuse(jobs[1].id)
    assert ring_due(engine) == 2
    assert read_job(engine, jobs[1].id).rung_at is None
    sqs.come_back()
    assert ring_due(engine) == 1
    assert sqs.job_ids()[2] == jobs[1].id


def test_pass_without_sqs_leaves_everything_to_be_rung(engine: Engine, sqs: FakeSqs) -> None:
    for _ in range(12):
        create_job(engine)
    sqs.go_away()
    assert ring_due(engine) == 0
    sqs.come_back()
    assert ring_due(engine) == 12


def test_request_whose_bell_failed_is_rung_by_the_dispatcher(engine: Engine, sqs: FakeSqs) -> None:
    sqs.go_away()
    new = NewJob(contract=ECHO, parameters=PARAMETERS)
    bell = in_transaction(engine, lambda connection: insert_job(connection, "demo", new))
    ring_committed(engine, [bell])
    sqs.come_back()
    assert ring_due(engine) == 1


def test_job_that_began_while_its_bell_failed_stays_as_it_is(engine: Engine, sqs: FakeSqs) -> None:
    job = create_job(engine, state="STARTED")
    sqs.go_away()
    ring_committed(engine, [dispatcher.make_bell(job, attempts=0)])
    assert read_job(engine, job.id) == job


def test_backlog_is_rung_in_chunks(
    engine: Engine, sqs: FakeSqs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "_CHUNK", 4)
    made = {create_job(engine).id for _ in range(11)}
    assert ring_due(engine) == 11
    assert set(sqs.job_ids()) == made
    assert sqs.calls == [4, 4, 3]


def test_two_dispatchers_at_once_ring_each_job_once(
    engine: Engine, sqs: FakeSqs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dispatcher, "_CHUNK", 5)
    made = sorted(create_job(engine).id for _ in range(60))
    together = threading.Barrier(2, timeout=30)

    def dispatch() -> int:
        together.wait()
        return ring_due(engine)

    with ThreadPoolExecutor(2) as pool:
        rung = [future.result() for future in [pool.submit(dispatch) for _ in range(2)]]
    ring_due(engine)  # what the one passed over because the other held it
    assert sorted(sqs.job_ids()) == made
    assert sum(rung) <= 60


def test_bell_rung_before_what_workers_have_heard_is_lost(engine: Engine, sqs: FakeSqs) -> None:
    lost = create_job(engine, rung_at=seconds_from_now(-120), run_at=seconds_from_now(-120))
    create_job(engine, rung_at=seconds_from_now(-70), run_at=seconds_from_now(-70))
    hear(engine, 60)
    assert ring_lost(engine) == 1
    assert sqs.job_ids() == [lost.id]
    assert ring_lost(engine) == 0, "it was rung just now"


def test_delayed_bell_is_not_lost_before_its_time(engine: Engine, sqs: FakeSqs) -> None:
    create_job(engine, rung_at=seconds_from_now(-600), run_at=seconds_from_now(200))
    create_job(engine, rung_at=seconds_from_now(-600), run_at=seconds_from_now(-5))
    hear(engine, 0)
    assert ring_lost(engine) == 0


def test_long_backlog_is_not_rung_twice(engine: Engine, sqs: FakeSqs) -> None:
    """Its bells wait in the queue: the oldest that workers receive are from then."""
    for seconds in (3600, 1800, 60):
        create_job(engine, rung_at=seconds_from_now(-seconds), run_at=seconds_from_now(-seconds))
    hear(engine, 3600)
    assert ring_lost(engine) == 0


def test_queue_that_nobody_hears_has_no_lost_bells(engine: Engine, sqs: FakeSqs) -> None:
    create_job(
        engine, queue="network", rung_at=seconds_from_now(-9e5), run_at=seconds_from_now(-9e5)
    )
    assert ring_lost(engine) == 0
    hear(engine, 0, "default")
    assert ring_lost(engine) == 0
    hear(engine, 0, "network")
    assert ring_lost(engine) == 1


def test_bell_that_was_early_is_rung_again_with_the_rest_of_its_delay(
    engine: Engine, sqs: FakeSqs
) -> None:
    job = create_job(engine, run_at=seconds_from_now(300), rung_at=seconds_from_now(-1))
    create_job(engine, run_at=seconds_from_now(300), rung_at=seconds_from_now(-1))
    assert ring_waiting(engine, job.id) == 1
    assert sqs.job_ids() == [job.id]
    assert 295 <= sqs.sent[0].delay_seconds <= 300


def test_bell_that_was_far_too_early_is_left_to_the_dispatcher(
    engine: Engine, sqs: FakeSqs
) -> None:
    job = create_job(engine, run_at=seconds_from_now(5000), rung_at=seconds_from_now(-1))
    assert ring_waiting(engine, job.id) == 0
    assert read_job(engine, job.id).rung_at is None


def test_job_that_began_meanwhile_is_not_rung_again(engine: Engine, sqs: FakeSqs) -> None:
    job = create_job(engine, state="STARTED")
    assert ring_waiting(engine, job.id) == 0
    assert read_job(engine, job.id) == job


def test_one_pass_does_all(engine: Engine, sqs: FakeSqs) -> None:
    create_job(engine)
    create_job(engine, state="STARTED", lease_expires_at=seconds_from_now(-1))
    create_job(engine, rung_at=seconds_from_now(-99), run_at=seconds_from_now(-99))
    hear(engine, 0)
    done = dispatch_due(engine)
    assert (done.rung, done.rerung, done.rescued) == (2, 1, 1)
