"""Jobs whose worker vanished are put back, counted, and in the end given up."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine

from chalicelib.services import dispatcher, job_orders
from chalicelib.services.claims import Claim, claim
from chalicelib.services.dispatcher import dispatch_due, rescue_lapsed, rescue_patiently
from chalicelib.services.job_lifecycle import fail, succeed
from chalicelib.services.leases import extend
from tests.factories.attempts import read_attempts
from tests.factories.jobs import create_claimed_job, expire_lease, new_claim, read_job
from tests.fakes.sqs import FakeSqs
from tests.integration.record.outcome_verbs import BROKEN, after


def create_lapsed_job(engine: Engine, **overrides: int) -> Claim:
    held = create_claimed_job(engine, "worker-1", **overrides)
    expire_lease(engine, held.job_id)
    return held


def test_job_of_a_lost_worker_is_put_back_and_counted(engine: Engine) -> None:
    held = create_lapsed_job(engine)
    assert rescue_lapsed(engine) == 1
    row = read_job(engine, held.job_id)
    assert (row.state, row.attempts, row.rung_at) == ("PENDING", 1, None)
    assert (row.lease_expires_at, row.finished_at) == (None, None)
    assert (row.error["code"], row.error["retryable"]) == ("worker-lost", True)
    (attempt,) = read_attempts(engine, held.job_id)
    assert (attempt.outcome, attempt.number, attempt.worker_id) == ("lost", 1, "worker-1")


def test_nobody_is_rescued_while_workers_recover_from_an_outage(engine: Engine) -> None:
    held = create_lapsed_job(engine)
    assert dispatch_due(engine, may_rescue=False).rescued == 0
    assert read_job(engine, held.job_id).state == "STARTED"
    extend(engine, "worker-1", [held.job_id], 40.0)
    assert dispatch_due(engine).rescued == 0


def test_patient_rescue_spares_who_renews_meanwhile(
    engine: Engine, sqs: FakeSqs, monkeypatch: pytest.MonkeyPatch
) -> None:
    alive, dead = create_lapsed_job(engine), create_lapsed_job(engine)
    monkeypatch.setattr(
        dispatcher.time, "sleep", lambda _: extend(engine, "worker-1", [alive.job_id], 40.0)
    )
    assert rescue_patiently(engine, 12.5) == 1
    states = [read_job(engine, held.job_id).state for held in (alive, dead)]
    assert states == ["STARTED", "PENDING"]
    assert [sent.job_id for sent in sqs.sent] == [dead.job_id]


def test_patient_rescue_waits_for_nobody_when_no_lease_has_lapsed(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    create_claimed_job(engine)
    monkeypatch.setattr(dispatcher.time, "sleep", pytest.fail)
    assert rescue_patiently(engine, 12.5) == 0


def test_rescued_job_is_rung_in_the_same_pass(engine: Engine, sqs: FakeSqs) -> None:
    held = create_lapsed_job(engine)
    done = dispatch_due(engine)
    assert (done.rescued, done.rung) == (1, 1)
    assert (sqs.sent[0].job_id, sqs.sent[0].headers["retries"]) == (held.job_id, 1)
    assert claim(engine, new_claim(held.job_id), 40.0) == "claimed"
    assert read_job(engine, held.job_id).attempts == 2


def test_job_that_kills_its_workers_ends_as_failure(engine: Engine) -> None:
    held = create_lapsed_job(engine, max_attempts=3)
    for _ in range(2):
        assert rescue_lapsed(engine) == 1
        claim(engine, new_claim(held.job_id), 40.0)
        expire_lease(engine, held.job_id)
    assert rescue_lapsed(engine) == 1
    row = read_job(engine, held.job_id)
    assert (row.state, row.attempts, row.result) == ("FAILURE", 3, None)
    assert "worker was lost" in row.error["message"]
    assert (row.error["code"], row.error["retryable"]) == ("worker-lost", False)
    assert row.finished_at is not None
    attempts = [(row.number, row.outcome) for row in read_attempts(engine, held.job_id)]
    assert attempts == [(1, "lost"), (2, "lost"), (3, "lost")]
    assert rescue_lapsed(engine) == 0


@pytest.mark.parametrize("max_attempts", [1, 3])
def test_lost_job_that_was_ordered_to_stop_ends_as_revoked(
    engine: Engine, max_attempts: int
) -> None:
    held = create_lapsed_job(engine, max_attempts=max_attempts)
    job_orders.cancel(engine, "demo", held.job_id)
    assert rescue_lapsed(engine) == 1
    row = read_job(engine, held.job_id)
    assert (row.state, row.result) == ("REVOKED", None)
    assert [row.outcome for row in read_attempts(engine, held.job_id)] == ["cancelled"]


def test_job_whose_lease_runs_is_left_alone(engine: Engine) -> None:
    held = create_claimed_job(engine)
    before = read_job(engine, held.job_id)
    assert rescue_lapsed(engine) == 0
    assert read_job(engine, held.job_id) == before


def test_worker_that_comes_back_between_look_and_lock_keeps_its_job(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = create_lapsed_job(engine)
    look = dispatcher.in_transaction

    def come_back(*arguments: object, **options: object) -> object:
        extend(engine, "worker-1", [held.job_id], 40.0)
        return look(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(dispatcher, "in_transaction", come_back)
    assert rescue_lapsed(engine) == 0
    row = read_job(engine, held.job_id)
    assert (row.state, row.claim_id) == ("STARTED", held.claim_id)
    assert read_attempts(engine, held.job_id) == []


def test_job_that_ended_between_look_and_lock_stays_ended(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = create_lapsed_job(engine)
    look = dispatcher.in_transaction

    def end(*arguments: object, **options: object) -> object:
        assert succeed(engine, held, None)
        return look(*arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(dispatcher, "in_transaction", end)
    assert rescue_lapsed(engine) == 0
    assert read_job(engine, held.job_id).state == "SUCCESS"


def test_outcome_of_the_worker_that_was_given_up_is_dropped(engine: Engine) -> None:
    lost = create_lapsed_job(engine)
    rescue_lapsed(engine)
    assert not succeed(engine, lost, None)
    again = new_claim(lost.job_id, "worker-2")
    claim(engine, again, 40.0)
    assert not succeed(engine, lost, None)
    assert fail(engine, lost, BROKEN, after(0)) is None
    assert succeed(engine, again, None)


def test_dispatchers_at_once_rescue_each_job_once(engine: Engine) -> None:
    lapsed = [create_lapsed_job(engine) for _ in range(12)]
    together = threading.Barrier(3, timeout=30)

    def rescue() -> int:
        together.wait()
        return rescue_lapsed(engine)

    with ThreadPoolExecutor(3) as pool:
        rescued = [future.result() for future in [pool.submit(rescue) for _ in range(3)]]
    assert sum(rescued) == 12
    for held in lapsed:
        assert len(read_attempts(engine, held.job_id)) == 1
        assert read_job(engine, held.job_id).attempts == 1
