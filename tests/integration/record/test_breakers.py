"""While an upstream is out of order its jobs wait, and one at a time tries."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from chalicelib.db.clock import seconds_from_now
from chalicelib.domain.jobs import HELD
from chalicelib.schemas.controls import BreakerView
from chalicelib.services import controls
from chalicelib.services.claims import ClaimAnswer, claim_many
from chalicelib.services.dispatcher import dispatch_due
from chalicelib.services.job_lifecycle import succeed
from tests.factories.jobs import new_claim, read_job, set_job
from tests.fakes.sqs import FakeSqs
from tests.integration.record import admissions
from tests.integration.record.admissions import LEASE, hear
from tests.integration.record.breaking import (
    UPSTREAM,
    break_off,
    end,
    let_cool_down,
    look,
    new,
    open_by_failures,
)
from tests.statements import recorded, verbs


def test_breaker_opens_after_failures_in_a_row(engine: Engine, sqs: FakeSqs) -> None:
    assert look(engine) == BreakerView(upstream=UPSTREAM)
    ids = [new(engine) for _ in range(5)]
    answers = [hear(engine, job_id) for job_id in ids]
    for number, (held, _) in enumerate(answers, 1):
        assert look(engine).state == "closed"
        break_off(engine, held)
        assert look(engine).failures == number
    seen = look(engine)
    assert (seen.state, seen.last_error_type) == ("open", "UpstreamUnavailable")
    assert seen.opened_at is not None
    assert seen.next_probe_at is not None
    assert seen.next_probe_at - seen.opened_at == pytest.approx(
        timedelta(seconds=30), abs=timedelta(seconds=1)
    )


def test_success_between_them_makes_failures_begin_anew(engine: Engine, sqs: FakeSqs) -> None:
    for _ in range(3):
        for _ in range(4):
            break_off(engine, hear(engine, new(engine))[0])
        end(engine, hear(engine, new(engine))[0])
        assert look(engine) == BreakerView(upstream=UPSTREAM)
        assert controls.list_controls(engine) == []


def test_jobs_wait_while_it_is_open_and_no_attempt_counts(engine: Engine, sqs: FakeSqs) -> None:
    ids = open_by_failures(engine)
    assert read_job(engine, ids[-1]).attempts == 0, "the one that opened it"
    later = new(engine)
    for job_id in (ids[-1], later):
        assert hear(engine, job_id)[1] is ClaimAnswer.HELD
        row = read_job(engine, job_id)
        assert (row.run_at, row.held_by, row.attempts) == (HELD, "breaker", 0)
        assert row.upstream == UPSTREAM
    assert look(engine).waiting == 2
    rung = len(sqs.sent)
    for _ in range(3):
        dispatch_due(engine)
    assert len(sqs.sent) == rung, "no messages go round"


def test_jobs_without_an_upstream_go_on(engine: Engine, sqs: FakeSqs) -> None:
    open_by_failures(engine)
    assert hear(engine, admissions.new(engine))[1] is ClaimAnswer.CLAIMED


def test_one_job_tries_after_the_cool_down_and_all_go_when_it_succeeds(
    engine: Engine, sqs: FakeSqs
) -> None:
    open_by_failures(engine)
    ids = [new(engine) for _ in range(4)]
    for job_id in ids:
        hear(engine, job_id)
    let_cool_down(engine)
    rung = len(sqs.sent)
    for _ in range(3):  # as several workers do
        dispatch_due(engine)
    (probe,) = sqs.job_ids()[rung:]
    assert look(engine).state == "half_open"
    assert look(engine).probe_job_id == probe
    assert hear(engine, new(engine))[1] is ClaimAnswer.HELD
    held, answer = hear(engine, probe)
    assert answer is ClaimAnswer.CLAIMED
    end(engine, held)
    assert look(engine) == BreakerView(upstream=UPSTREAM)
    for job_id in set(ids) - {probe}:
        assert hear(engine, job_id)[1] is ClaimAnswer.CLAIMED
        assert read_job(engine, job_id).attempts == 1


def test_job_that_comes_after_the_cool_down_need_not_wait_to_be_chosen(
    engine: Engine, sqs: FakeSqs
) -> None:
    open_by_failures(engine)
    let_cool_down(engine)
    assert hear(engine, new(engine))[1] is ClaimAnswer.CLAIMED
    assert hear(engine, new(engine))[1] is ClaimAnswer.HELD


def test_many_workers_let_one_job_try(engine: Engine, sqs: FakeSqs) -> None:
    open_by_failures(engine)
    let_cool_down(engine)
    ids = [new(engine) for _ in range(24)]
    with ThreadPoolExecutor(8) as pool:
        answers = [answer for _, answer in pool.map(lambda job_id: hear(engine, job_id), ids)]
    assert answers.count(ClaimAnswer.CLAIMED) == 1
    assert answers.count(ClaimAnswer.HELD) == 23


def test_each_failed_try_costs_a_cool_down_and_the_next_is_anothers(
    engine: Engine, sqs: FakeSqs
) -> None:
    open_by_failures(engine)
    ids = {new(engine) for _ in range(3)}
    for job_id in ids:
        hear(engine, job_id)
    tried = []
    for _ in range(3):
        let_cool_down(engine)
        rung = len(sqs.sent)
        for _ in range(2):  # one chooses it, another rings
            dispatch_due(engine)
        (probe,) = sqs.job_ids()[rung:]
        tried.append(probe)
        held, answer = hear(engine, probe)
        assert answer is ClaimAnswer.CLAIMED
        assert break_off(engine, held).state == "RETRY"
        assert look(engine).state == "open"
        assert hear(engine, probe)[1] is ClaimAnswer.HELD
        assert read_job(engine, probe).attempts == 0
    assert set(tried) == ids


def test_job_that_begun_before_it_was_opened_neither_closes_it_nor_burns_an_attempt(
    engine: Engine, sqs: FakeSqs
) -> None:
    early = [hear(engine, new(engine))[0] for _ in range(2)]
    open_by_failures(engine)
    before = look(engine)
    end(engine, early[0])
    break_off(engine, early[1])
    assert look(engine).next_probe_at == before.next_probe_at
    assert read_job(engine, early[1].job_id).attempts == 0


def test_try_of_a_worker_that_vanished_is_anothers(engine: Engine, sqs: FakeSqs) -> None:
    open_by_failures(engine)
    let_cool_down(engine)
    first, other = new(engine), new(engine)
    hear(engine, first)
    hear(engine, other)
    set_job(engine, first, state="PENDING", run_at=seconds_from_now(500))  # as if rescued
    dispatch_due(engine)
    assert look(engine).probe_job_id == other
    assert hear(engine, other)[1] is ClaimAnswer.CLAIMED


def test_breaker_that_is_closed_and_has_no_failures_costs_nothing(
    engine: Engine, sqs: FakeSqs
) -> None:
    job_id, held = new(engine), new_claim("")
    held.job_id = job_id
    with recorded(engine) as sent:
        assert claim_many(engine, [held], {job_id: 0}, LEASE) == [ClaimAnswer.CLAIMED]
        assert succeed(engine, held, None)
    assert verbs(sent) == ["UPDATE", "UPDATE"]
    assert not held.has_slot
