"""The desk lets go of what waits, when others can have it or the worker leaves."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from chalicelib.errors import DatabaseUnavailable
from chalicelib.services import claims, leases
from tests.factories.attempts import read_attempts
from tests.factories.jobs import create_job, read_job
from tests.fakes.desk_bench import MakeBench
from worker import desk as desk_module


def test_what_has_not_begun_is_given_back_as_it_was(engine: Engine, bench: MakeBench) -> None:
    made = bench(1, ahead=2)
    requests = made.take(*(create_job(engine).id for _ in range(5)))
    made.settle(requests[0])
    made.wait_until(lambda: len(made.desk.in_hand()) == 3)
    made.desk.leave()
    assert {one.id for one in made.desk.give_back()} == {one.id for one in requests[1:]}
    for request in requests[1:]:
        row = read_job(engine, request.id)
        assert (row.state, row.attempts) == ("PENDING", 0)
        assert read_attempts(engine, request.id) == []
    made.desk.ended(requests[0])  # type: ignore[arg-type]
    made.hub.run()
    assert [one.story for one in requests[1:]] == [[]] * 4


def test_only_what_has_waited_long_is_given_back(engine: Engine, bench: MakeBench) -> None:
    made = bench(1)
    first, old = made.take(create_job(engine).id, create_job(engine).id)
    made.settle(first)
    old.arrived_at -= 60
    made.take(create_job(engine).id)
    assert made.desk.give_back(waiting_seconds=10) == [old]


def test_jobs_that_the_pool_dropped_are_given_back(engine: Engine, bench: MakeBench) -> None:
    made = bench(2)
    begun, dropped = made.take(create_job(engine).id, create_job(engine).id)
    made.settle(begun, dropped)
    dropped.worker_pid = None
    made.desk.forget_unbegun()
    assert read_job(engine, begun.id).state == "STARTED"
    assert read_job(engine, dropped.id).state == "PENDING"
    assert made.desk.launches.given() == [begun]


def test_messages_go_back_when_the_database_stays_away(
    engine: Engine, bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise DatabaseUnavailable

    monkeypatch.setattr(desk_module, "PATIENCE_SECONDS", 0.0)
    monkeypatch.setattr(desk_module.claims, "claim_many", away)
    made = bench(2)
    requests = made.take(create_job(engine).id, create_job(engine).id)
    made.settle(*requests)
    assert [one.story for one in requests] == [["put back"]] * 2


def test_what_is_claimed_while_the_worker_leaves_is_given_back(
    engine: Engine, bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, real = bench(2), claims.claim_many

    def claim_and_leave(*arguments: object) -> object:
        answers = real(*arguments)  # type: ignore[arg-type]
        made.desk.leave()
        return answers

    monkeypatch.setattr(desk_module.claims, "claim_many", claim_and_leave)
    (request,) = made.take(create_job(engine).id)
    made.settle(request)
    assert request.story == ["put back"]
    row = read_job(engine, request.id)
    assert (row.state, row.attempts) == ("PENDING", 0)


def test_claimed_jobs_stay_in_hand_when_they_cannot_be_given_back(
    engine: Engine, bench: MakeBench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object) -> None:
        raise DatabaseUnavailable

    made = bench(1, ahead=1)
    launched, claimed, arrived = made.take(*(create_job(engine).id for _ in range(3)))
    made.settle(launched)
    made.wait_until(lambda: len(made.desk.in_hand()) == 2)
    monkeypatch.setattr(leases, "unclaim", away)
    assert made.desk.give_back() == [arrived]
    assert set(made.desk.in_hand()) == {launched, claimed}
