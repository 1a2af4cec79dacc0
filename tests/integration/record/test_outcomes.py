"""How a claimed job ends: by the claim that holds it, once, with all that belongs to it."""

from __future__ import annotations

import msgspec
import pytest
from sqlalchemy import Connection, Engine

from chalicelib.domain.jobs import JobState
from chalicelib.errors import DatabaseUnavailable
from chalicelib.services import job_orders
from chalicelib.services.claims import claim
from chalicelib.services.job_lifecycle import fail, release, revoke, succeed
from tests.factories.attempts import read_attempts
from tests.factories.jobs import create_claimed_job, new_claim, read_job, set_job
from tests.integration.record.outcome_verbs import (
    BROKEN,
    HOPELESS,
    after,
    count_traces,
    leave_trace,
    never,
)

RESULT = msgspec.Raw(b'{"sum": 7}')


def test_success_is_recorded_with_its_result(engine: Engine) -> None:
    held = create_claimed_job(engine)
    assert succeed(engine, held, RESULT)
    row = read_job(engine, held.job_id)
    assert (row.state, row.result, row.error) == ("SUCCESS", {"sum": 7}, None)
    assert (row.attempts, row.lease_expires_at) == (1, None)
    assert row.finished_at >= row.started_at
    assert read_attempts(engine, held.job_id) == []


def test_success_forgets_the_error_of_an_earlier_attempt(engine: Engine) -> None:
    held = create_claimed_job(engine)
    fail(engine, held, BROKEN, after(0))
    again = new_claim(held.job_id)
    claim(engine, again, 40.0)
    assert succeed(engine, again, None)
    row = read_job(engine, held.job_id)
    assert (row.state, row.result, row.error, row.attempts) == ("SUCCESS", None, None, 2)
    assert len(read_attempts(engine, held.job_id)) == 1


def test_effects_become_true_with_the_success(engine: Engine) -> None:
    held = create_claimed_job(engine)
    assert succeed(engine, held, RESULT, [leave_trace, leave_trace])
    assert count_traces(engine) == 2


def test_effect_that_fails_takes_the_success_back(engine: Engine) -> None:
    def break_off(connection: Connection) -> None:
        raise RuntimeError

    held = create_claimed_job(engine)
    with pytest.raises(RuntimeError):
        succeed(engine, held, RESULT, [leave_trace, break_off])
    assert read_job(engine, held.job_id).state == "STARTED"
    assert count_traces(engine) == 0


def test_success_whose_answer_was_lost_can_be_told_again(engine: Engine) -> None:
    held = create_claimed_job(engine)
    assert succeed(engine, held, RESULT, [leave_trace])
    assert succeed(engine, held, RESULT, [leave_trace])
    assert count_traces(engine) == 1


def test_success_after_the_order_to_stop_is_a_success(engine: Engine) -> None:
    held = create_claimed_job(engine)
    job_orders.cancel(engine, "demo", held.job_id)
    assert succeed(engine, held, RESULT)
    assert read_job(engine, held.job_id).state == "SUCCESS"


def test_failed_attempt_is_tried_again_after_its_delay(engine: Engine) -> None:
    held = create_claimed_job(engine, parameters={"a": 1})
    ended = fail(engine, held, BROKEN, after(30.2))
    assert ended is not None
    assert (ended.state, ended.delay_seconds) == (JobState.RETRY, 30.2)
    assert ended.bell is not None
    assert (ended.bell.delay_seconds, ended.bell.attempts) == (31, 1)
    row = read_job(engine, held.job_id)
    assert (row.state, row.attempts, row.error["message"]) == ("RETRY", 1, "It broke.")
    assert (row.run_at - row.rung_at).total_seconds() == pytest.approx(30.2)
    assert (row.finished_at, row.lease_expires_at) == (None, None)


def test_long_delay_rests_in_the_row(engine: Engine) -> None:
    held = create_claimed_job(engine)
    ended = fail(engine, held, BROKEN, after(901))
    assert ended is not None
    assert ended.bell is None
    assert read_job(engine, held.job_id).rung_at is None


def test_failed_attempt_leaves_a_row(engine: Engine) -> None:
    held = create_claimed_job(engine, "worker-7")
    job = read_job(engine, held.job_id)
    fail(engine, held, BROKEN, after(0))
    (attempt,) = read_attempts(engine, held.job_id)
    assert (attempt.number, attempt.outcome, attempt.worker_id) == (1, "failed", "worker-7")
    assert attempt.started_at == job.started_at
    assert attempt.ended_at >= attempt.started_at
    assert attempt.error == msgspec.to_builtins(BROKEN)


def test_failure_without_another_try_is_final(engine: Engine) -> None:
    held = create_claimed_job(engine)
    ended = fail(engine, held, HOPELESS, never)
    assert ended is not None
    assert (ended.state, ended.bell) == (JobState.FAILURE, None)
    row = read_job(engine, held.job_id)
    assert (row.state, row.result, row.error["code"]) == ("FAILURE", None, "permanent")
    assert row.finished_at is not None
    assert [attempt.outcome for attempt in read_attempts(engine, held.job_id)] == ["failed"]


def test_delay_is_asked_with_the_attempts_begun_and_permitted(engine: Engine) -> None:
    asked = []
    held = create_claimed_job(engine, attempts=2, max_attempts=7)
    fail(engine, held, BROKEN, lambda *numbers: asked.append(numbers))
    assert asked == [(3, 7)]


def test_failure_after_the_order_to_stop_ends_as_revoked(engine: Engine) -> None:
    held = create_claimed_job(engine)
    job_orders.cancel(engine, "demo", held.job_id)
    ended = fail(engine, held, BROKEN, after(0))
    assert ended is not None
    assert (ended.state, ended.bell) == (JobState.REVOKED, None)
    row = read_job(engine, held.job_id)
    assert (row.state, row.result, row.error["message"]) == ("REVOKED", None, "It broke.")
    assert [attempt.outcome for attempt in read_attempts(engine, held.job_id)] == ["cancelled"]


def test_released_job_starts_elsewhere_at_once_and_uncounted(engine: Engine) -> None:
    held = create_claimed_job(engine)
    ended = release(engine, held, "the worker stops")
    assert ended is not None
    assert ended.bell is not None
    assert (ended.state, ended.bell.attempts, ended.bell.delay_seconds) == (JobState.PENDING, 0, 0)
    row = read_job(engine, held.job_id)
    assert (row.state, row.attempts, row.lease_expires_at) == ("PENDING", 0, None)
    (attempt,) = read_attempts(engine, held.job_id)
    assert (attempt.outcome, attempt.number) == ("released", 1)
    assert attempt.error["message"] == "the worker stops"
    again = new_claim(held.job_id)
    assert claim(engine, again, 40.0) == "claimed"
    assert read_job(engine, held.job_id).attempts == 1


def test_release_after_the_order_to_stop_ends_as_revoked(engine: Engine) -> None:
    held = create_claimed_job(engine)
    job_orders.cancel(engine, "demo", held.job_id)
    ended = release(engine, held, "cancelled")
    assert ended is not None
    assert (ended.state, ended.bell) == (JobState.REVOKED, None)
    assert [attempt.outcome for attempt in read_attempts(engine, held.job_id)] == ["cancelled"]


def test_task_can_drop_its_own_job(engine: Engine) -> None:
    held = create_claimed_job(engine)
    ended = revoke(engine, held, HOPELESS)
    assert ended is not None
    assert ended.state is JobState.REVOKED
    assert read_job(engine, held.job_id).result is None


@pytest.mark.parametrize("state", ["STARTED", "PENDING", "RETRY", "FAILURE", "REVOKED"])
def test_claim_that_was_lost_decides_nothing(engine: Engine, state: str) -> None:
    lost = create_claimed_job(engine)
    values = {"claim_id": new_claim(lost.job_id).claim_id} if state == "STARTED" else {}
    set_job(engine, lost.job_id, state=state, **values)
    before = read_job(engine, lost.job_id)
    assert not succeed(engine, lost, RESULT)
    assert not succeed(engine, lost, RESULT, [leave_trace])
    assert fail(engine, lost, BROKEN, after(0)) is None
    assert fail(engine, lost, HOPELESS, never) is None
    assert release(engine, lost, "stop") is None
    assert revoke(engine, lost, BROKEN) is None
    assert read_job(engine, lost.job_id) == before
    assert read_attempts(engine, lost.job_id) == []
    assert count_traces(engine) == 0


def test_success_of_another_claim_is_not_ours(engine: Engine) -> None:
    lost = create_claimed_job(engine)
    winner = new_claim(lost.job_id)
    set_job(engine, lost.job_id, claim_id=winner.claim_id)
    assert succeed(engine, winner, RESULT)
    assert not succeed(engine, lost, None, [leave_trace])
    assert read_job(engine, lost.job_id).result == {"sum": 7}
    assert count_traces(engine) == 0


def test_job_that_is_gone_is_a_lost_claim(engine: Engine) -> None:
    lost = new_claim("gone")
    assert not succeed(engine, lost, RESULT)
    assert fail(engine, lost, BROKEN, never) is None


def test_claim_asked_again_after_a_rescue_can_end_like_another(engine: Engine) -> None:
    """Its first answer was lost, and the database was away until the lease had lapsed."""
    held = create_claimed_job(engine)
    fail(engine, held, BROKEN, after(0))
    assert claim(engine, held, 40.0) == "claimed"
    assert fail(engine, held, BROKEN, after(0)) is not None
    assert [row.number for row in read_attempts(engine, held.job_id)] == [1, 2]


def test_outcome_waits_for_a_database_that_is_away(mariadb_engine: Engine) -> None:
    held = create_claimed_job(mariadb_engine)
    mariadb_engine.dispose()
    away = mariadb_engine.url.set(port=1)
    from chalicelib.db.engine import make_engine

    engine = make_engine(away.render_as_string(hide_password=False))
    with pytest.raises(DatabaseUnavailable):
        succeed(engine, held, RESULT)
    assert succeed(mariadb_engine, held, RESULT)
