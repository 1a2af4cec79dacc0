"""The desk claims and records in batches, and fills the pool."""

from __future__ import annotations

import time

import msgspec
import pytest
from sqlalchemy import Engine

from chalicelib.db.clock import seconds_from_now
from chalicelib.services import claims, leases
from chalicelib.services.adoption import NewJob
from tests.factories.jobs import create_job, new_claim, read_job
from tests.fakes.desk_bench import MakeBench
from tests.fakes.requests import FakeRequest
from tests.fakes.sqs import FakeSqs
from tests.statements import recorded, verbs
from worker import desk as desk_module
from worker.tasks.results import count_recordable

SEVEN = msgspec.Raw(b"7")


def test_job_is_claimed_before_the_pool_has_it(engine: Engine, bench: MakeBench) -> None:
    job = create_job(engine)
    made = bench(2)
    (request,) = made.take(job.id)
    made.settle(request)
    assert request.story == ["launched"]
    row = read_job(engine, job.id)
    assert (row.state, row.claim_id) == ("STARTED", request.held.claim_id)


def test_no_more_jobs_are_claimed_than_there_is_room_for(engine: Engine, bench: MakeBench) -> None:
    jobs = [create_job(engine).id for _ in range(6)]
    made = bench(2)
    requests = made.take(*jobs)
    made.settle(*requests[:2])
    time.sleep(0.1)
    made.hub.run()
    states = [read_job(engine, one).state for one in jobs]
    assert states == ["STARTED"] * 2 + ["PENDING"] * 4
    assert [request.story for request in requests[2:]] == [[]] * 4


def test_ended_job_makes_room_for_the_next(engine: Engine, bench: MakeBench) -> None:
    made = bench(1)
    first, second = made.take(create_job(engine).id, create_job(engine).id)
    made.settle(first)
    assert second.story == []
    made.desk.ended(first)
    made.settle(second)
    assert second.story == ["launched"]


def test_jobs_are_claimed_ahead_in_one_statement(engine: Engine, bench: MakeBench) -> None:
    jobs = [create_job(engine).id for _ in range(12)]
    made = bench(2, ahead=10)
    requests = [FakeRequest(one) for one in jobs]
    made.desk._arrived.extend(requests)  # type: ignore[arg-type]
    last = FakeRequest(create_job(engine).id)
    with recorded(engine) as sent:
        made.desk.take(last)  # type: ignore[arg-type]
        made.settle(*requests[:2])
    assert verbs(sent) == ["UPDATE"]
    assert [read_job(engine, one).state for one in jobs] == ["STARTED"] * 12
    assert sum(request.story == ["launched"] for request in requests) == 2


def test_doubled_bell_is_answered_without_work(engine: Engine, bench: MakeBench) -> None:
    job = create_job(engine)
    made = bench(4)
    first, second = made.take(job.id, job.id)
    made.settle(first, second)
    assert (first.story, second.story) == (["launched"], ["finished"])
    assert read_job(engine, job.id).attempts == 1


def test_early_bell_is_rung_again(engine: Engine, bench: MakeBench, sqs: FakeSqs) -> None:
    job = create_job(engine, run_at=seconds_from_now(30))
    made = bench(2)
    (request,) = made.take(job.id)
    made.settle(request)
    assert request.story == ["finished"]
    (bell,) = sqs.sent
    assert 28 <= bell.delay_seconds <= 30


def test_message_of_another_client_gets_a_row(engine: Engine, bench: MakeBench) -> None:
    new = NewJob(
        project_id="demo",
        task="plain.add",
        queue="default",
        parameters={},
        message={"args": [1, 2]},
        max_attempts=3,
    )
    made = bench(2)
    stranger = FakeRequest("from-elsewhere", new=new)
    made.desk.take(stranger)  # type: ignore[arg-type]
    made.settle(stranger)
    assert stranger.story == ["launched"]
    assert read_job(engine, "from-elsewhere").state == "STARTED"


def test_successes_are_recorded_in_one_statement_then_acknowledged(
    engine: Engine, bench: MakeBench
) -> None:
    made = bench(20)
    requests = made.take(*(create_job(engine).id for _ in range(20)))
    made.settle(*requests)
    with recorded(engine) as sent:
        with made.desk._changed:  # it waits until all have ended
            made.desk._results.extend((one, SEVEN) for one in requests[1:])  # type: ignore[misc]
        made.desk.record(requests[0], SEVEN)  # type: ignore[arg-type]
        assert requests[0].story == ["launched"]
        made.wait_until(lambda: all("acknowledged" in one.story for one in requests))
    assert verbs(sent) == ["UPDATE"]
    assert {read_job(engine, one.id).result for one in requests} == {7}


def test_outcome_of_a_lost_claim_is_dropped(engine: Engine, bench: MakeBench) -> None:
    made = bench(1)
    (request,) = made.take(create_job(engine).id)
    made.settle(request)
    leases.unclaim(engine, [request.held])
    held = new_claim(request.id, "worker-2")
    claims.claim(engine, held, 40.0)
    made.desk.record(request, SEVEN)  # type: ignore[arg-type]
    made.wait_until(lambda: "acknowledged" in request.story)
    assert read_job(engine, request.id).state == "STARTED"


def test_batch_that_goes_wrong_costs_its_own_jobs_only(
    engine: Engine, bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = claims.claim_many

    def fail_once(*arguments: object) -> object:
        monkeypatch.setattr(desk_module.claims, "claim_many", real)
        raise RuntimeError("no such luck")

    monkeypatch.setattr(desk_module.claims, "claim_many", fail_once)
    made = bench(2)
    (unlucky,) = made.take(create_job(engine).id)
    made.settle(unlucky)
    (lucky,) = made.take(create_job(engine).id)
    made.settle(lucky)
    assert (unlucky.story, lucky.story) == (["put back"], ["launched"])


def test_closing_desk_records_what_has_ended(engine: Engine, bench: MakeBench) -> None:
    made = bench(1)
    (request,) = made.take(create_job(engine).id)
    made.settle(request)
    made.desk.record(request, SEVEN)  # type: ignore[arg-type]
    made.desk.close(10)
    made.desk.calls.run_if_loop_ended()
    assert request.story == ["launched", "acknowledged"]
    assert read_job(engine, request.id).state == "SUCCESS"


def test_desk_sleeps_while_more_is_claimed_than_there_is_room_for(
    engine: Engine, bench: MakeBench
) -> None:
    made = bench(4, ahead=4)
    made.take(*(create_job(engine).id for _ in range(8)))
    made.wait_until(lambda: len(made.desk.in_hand()) == 8)
    looks: list[bool] = []
    made.desk._count_ahead = lambda: 0
    made.desk._pool.num_processes = 1
    real = made.desk._has_work
    made.desk._has_work = lambda: looks.append(True) or real()  # type: ignore[func-returns-value,method-assign]
    made.take(create_job(engine).id)
    time.sleep(0.3)
    assert len(looks) < 10


def test_job_that_cannot_be_launched_keeps_no_other_from_it(
    engine: Engine, bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    launch = FakeRequest.launch

    def fail(self: FakeRequest, *_: object) -> None:
        monkeypatch.setattr(FakeRequest, "launch", launch)
        raise RecursionError("too deep for pickle")

    made = bench(1)
    monkeypatch.setattr(FakeRequest, "launch", fail)
    unlucky, lucky = made.take(create_job(engine).id, create_job(engine).id)
    made.settle(unlucky, lucky)
    assert (unlucky.story, lucky.story) == (["finished"], ["launched"])
    row = read_job(engine, unlucky.id)
    assert (row.state, row.error["type"]) == ("FAILURE", "RecursionError")


def test_pool_that_grew_is_filled_at_the_next_look(engine: Engine, bench: MakeBench) -> None:
    made = bench(1)
    first, second = made.take(create_job(engine).id, create_job(engine).id)
    made.settle(first)
    made.desk._pool.num_processes = 2
    made.desk.look()
    made.settle(second)
    assert second.story == ["launched"]


def test_large_results_are_not_recorded_together() -> None:
    large, small = msgspec.Raw(b"x" * 100_000), msgspec.Raw(b"1")
    assert count_recordable([large] * 5) == 2
    assert count_recordable([msgspec.Raw(b"x" * 999_999)] * 2) == 1
    assert count_recordable([small, None] * 40) == 80
