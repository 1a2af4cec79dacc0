"""No more jobs begin, or run, than a limit says, however many workers there are."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import Engine, update

from chalicelib.broker.contracts.diagnostics import ECHO
from chalicelib.db.clock import seconds_from_now
from chalicelib.db.tables import control_slots
from chalicelib.services import admission, controls
from chalicelib.services.claims import Claim, ClaimAnswer, claim
from chalicelib.services.controls import Limit
from chalicelib.services.dispatcher import dispatch_due
from chalicelib.services.job_lifecycle import succeed
from tests.factories.jobs import new_claim, read_job, set_job
from tests.fakes.sqs import FakeSqs
from tests.integration.record.admissions import BOTH, LEASE, hear, new

# --- So many at once ---------------------------------------------------------------------------


def end(engine: Engine, held: Claim) -> None:
    assert succeed(engine, held, None)
    admission.leave(engine, [held.job_id])


@BOTH
def test_no_more_run_at_once_than_the_limit_says(
    engine: Engine, sqs: FakeSqs, scope: Any, name: str
) -> None:
    controls.set_limit(engine, scope, name, Limit(at_once=2))
    ids = [new(engine) for _ in range(4)]
    answers = [hear(engine, job_id) for job_id in ids]
    assert [answer for _, answer in answers] == ["claimed", "claimed", "held", "held"]
    assert answers[0][0].has_slot
    end(engine, answers[0][0])
    dispatch_due(engine)
    assert sqs.job_ids() == [*ids, ids[2]], "the one that has waited longest"
    assert hear(engine, ids[2])[1] is ClaimAnswer.CLAIMED


def test_slot_of_a_lost_worker_is_free_again(engine: Engine, sqs: FakeSqs) -> None:
    controls.set_limit(engine, "task", ECHO.name, Limit(at_once=1))
    first, second = new(engine), new(engine)
    hear(engine, first)
    hear(engine, second)
    set_job(engine, first, state="PENDING", run_at=seconds_from_now(500))  # as if rescued
    dispatch_due(engine)
    assert read_job(engine, second).held_by is None
    assert hear(engine, second)[1] is ClaimAnswer.CLAIMED


def test_limit_that_is_taken_away_lets_all_go(engine: Engine, sqs: FakeSqs) -> None:
    controls.set_limit(engine, "task", ECHO.name, Limit(at_once=1))
    ids = [new(engine) for _ in range(3)]
    for job_id in ids:
        hear(engine, job_id)
    controls.remove_limit(engine, "task", ECHO.name)
    assert set(sqs.job_ids()[3:]) == set(ids[1:])
    assert controls.list_controls(engine) == []
    for job_id in ids[1:]:
        assert hear(engine, job_id)[1] is ClaimAnswer.CLAIMED


def test_limit_can_be_changed_while_jobs_run(engine: Engine, sqs: FakeSqs) -> None:
    controls.set_limit(engine, "task", ECHO.name, Limit(at_once=1))
    ids = [new(engine) for _ in range(3)]
    held, _ = hear(engine, ids[0])
    hear(engine, ids[1])
    controls.set_limit(engine, "task", ECHO.name, Limit(at_once=2))
    assert hear(engine, ids[1])[1] is ClaimAnswer.CLAIMED
    assert hear(engine, ids[2])[1] is ClaimAnswer.HELD
    end(engine, held)
    assert read_job(engine, ids[2]).held_by is None


def test_many_claims_at_once_do_not_exceed_the_limit(engine: Engine, sqs: FakeSqs) -> None:
    controls.set_limit(engine, "task", ECHO.name, Limit(at_once=3))
    ids = [new(engine) for _ in range(24)]
    with ThreadPoolExecutor(8) as pool:
        answers = [answer for _, answer in pool.map(lambda job_id: hear(engine, job_id), ids)]
    assert answers.count(ClaimAnswer.CLAIMED) == 3
    assert answers.count(ClaimAnswer.HELD) == 21


@pytest.mark.parametrize("limit", [Limit(at_once=1), Limit(rate_count=1, rate_seconds=60)])
def test_admission_whose_answer_was_lost_can_be_asked_again(
    engine: Engine, sqs: FakeSqs, limit: Limit
) -> None:
    controls.set_limit(engine, "task", ECHO.name, limit)
    job_id = new(engine)
    held, answer = hear(engine, job_id)
    assert answer is ClaimAnswer.CLAIMED
    before = read_job(engine, job_id)
    again = Claim(job_id=job_id, claim_id=held.claim_id, worker_id=held.worker_id)
    assert admission.admit(engine, again, LEASE) is ClaimAnswer.CLAIMED
    assert again.attempt == 1
    assert again.has_slot, "its end is waited for"
    assert read_job(engine, job_id) == before, "it was counted twice"
    assert admission.admit(engine, new_claim(job_id), LEASE) is ClaimAnswer.TAKEN
    end(engine, again)
    assert admission.admit(engine, held, LEASE) is ClaimAnswer.TAKEN


# --- So many in so many seconds ----------------------------------------------------------------


def let_pass(engine: Engine, seconds: float) -> None:
    """Let time pass for the slots."""
    with engine.connect() as connection:
        for slot in connection.execute(control_slots.select()).all():
            connection.execute(
                update(control_slots)
                .where(control_slots.c.number == slot.number, control_slots.c.kind == slot.kind)
                .values(free_at=slot.free_at - timedelta(seconds=seconds))
            )


def test_no_more_begin_in_a_window_than_the_rate_says(engine: Engine, sqs: FakeSqs) -> None:
    controls.set_limit(engine, "task", ECHO.name, Limit(rate_count=2, rate_seconds=60))
    ids = [new(engine) for _ in range(4)]
    answers = [hear(engine, job_id)[1] for job_id in ids]
    assert answers == ["claimed", "claimed", "early", "early"]
    let_pass(engine, 59)
    set_job(engine, ids[2], run_at=seconds_from_now(0))
    assert hear(engine, ids[2])[1] is ClaimAnswer.EARLY
    let_pass(engine, 1)
    set_job(engine, ids[2], run_at=seconds_from_now(0))
    assert hear(engine, ids[2])[1] is ClaimAnswer.CLAIMED


def test_jobs_over_the_rate_come_again_one_after_the_other(engine: Engine, sqs: FakeSqs) -> None:
    controls.set_limit(engine, "task", ECHO.name, Limit(rate_count=1, rate_seconds=10))
    ids = [new(engine) for _ in range(4)]
    for job_id in ids:
        hear(engine, job_id)
    rows = [read_job(engine, job_id) for job_id in ids[1:]]
    waits = _waits([row.run_at for row in rows])
    assert waits == pytest.approx([10.0, 10.0], abs=0.1)
    assert {row.held_by for row in rows} == {"rate"}
    assert {row.attempts for row in rows} == {0}, "no attempt is burnt"
    assert [sent.delay_seconds for sent in sqs.sent[4:]] == pytest.approx([20, 30, 40], abs=1)


def _waits(moments: Sequence[datetime]) -> list[float]:
    return [(later - earlier).total_seconds() for earlier, later in pairwise(moments)]


def test_job_that_came_again_too_early_does_not_go_to_the_end_of_the_line(
    engine: Engine, sqs: FakeSqs
) -> None:
    controls.set_limit(engine, "task", ECHO.name, Limit(rate_count=1, rate_seconds=10))
    ids = [new(engine) for _ in range(6)]
    for job_id in ids:
        hear(engine, job_id)
    set_job(engine, ids[1], run_at=seconds_from_now(0))
    hear(engine, ids[1])
    assert read_job(engine, ids[1]).run_at < read_job(engine, ids[2]).run_at


def test_many_claims_at_once_do_not_exceed_the_rate(engine: Engine, sqs: FakeSqs) -> None:
    controls.set_limit(engine, "queue", "default", Limit(rate_count=5, rate_seconds=60))
    ids = [new(engine) for _ in range(24)]
    with ThreadPoolExecutor(8) as pool:
        answers = [answer for _, answer in pool.map(lambda job_id: hear(engine, job_id), ids)]
    assert answers.count(ClaimAnswer.CLAIMED) == 5


def test_job_under_several_limits_needs_room_in_each(engine: Engine, sqs: FakeSqs) -> None:
    controls.set_limit(engine, "queue", "default", Limit(at_once=2))
    controls.set_limit(engine, "task", ECHO.name, Limit(rate_count=1, rate_seconds=60))
    first, second = new(engine), new(engine)
    held, answer = hear(engine, first)
    assert answer is ClaimAnswer.CLAIMED
    assert hear(engine, second)[1] is ClaimAnswer.EARLY
    end(engine, held)
    set_job(engine, second, run_at=seconds_from_now(0))
    assert hear(engine, second)[1] is ClaimAnswer.EARLY


def test_single_claim_knows_controls_too(engine: Engine, sqs: FakeSqs) -> None:
    controls.pause(engine, "queue", "default")
    assert claim(engine, new_claim(new(engine)), LEASE) is ClaimAnswer.EARLY
