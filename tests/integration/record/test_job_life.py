"""A job's life in any order of events, by any of three workers, some of which hold old claims."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, insert, select

from chalicelib.db.clock import now
from chalicelib.db.tables import attempts, jobs
from chalicelib.errors import ImmutableObject
from chalicelib.services import claims
from chalicelib.services import jobs as jobs_service
from chalicelib.services.claims import Claim
from chalicelib.services.dispatcher import dispatch_due
from chalicelib.services.job_lifecycle import fail, release, revoke, succeed
from tests.factories.jobs import create_job, expire_lease, new_claim, set_job
from tests.fakes.sqs import FakeSqs
from tests.integration.record.job_life import Life
from tests.integration.record.outcome_verbs import BROKEN, HOPELESS, after, never

IS_LONG = os.getenv("HYPOTHESIS_PROFILE") == "long"
EXTENT = settings(
    max_examples=400 if IS_LONG else 25,
    stateful_step_count=80 if IS_LONG else 30,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
LEASE = 3600.0
WORKERS = st.sampled_from(["worker-1", "worker-2", "worker-3"])

#: What tasks made true in the transaction of their outcome.
ledger = Table("ledger", MetaData(), Column("job_id", String(36), nullable=False))


def write_ledger(connection: Connection, job_id: str) -> None:
    connection.execute(insert(ledger).values(job_id=job_id))


class JobLife(RuleBasedStateMachine):
    """Each rule does something to the record and to the model, and compares their answers."""

    bells = Bundle("bells")
    claims = Bundle("claims")

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.engine = engine
        self.lives: dict[str, Life] = {}
        with engine.connect() as connection:
            for table in (ledger, attempts, jobs):
                connection.execute(table.delete())

    def life(self, held: Claim) -> Life:
        return self.lives[held.job_id]

    @rule(target=bells, max_attempts=st.integers(1, 3))
    def submit(self, max_attempts: int) -> str:
        job_id: str = create_job(self.engine, max_attempts=max_attempts).id
        self.lives[job_id] = Life(max_attempts)
        return job_id

    @rule(target=claims, job_id=bells, worker=WORKERS)
    def hear_bell(self, job_id: str, worker: str) -> Any:
        """Once or twice, early or late: bells stay in their bundle."""
        held = new_claim(job_id, worker)
        answer = claims.claim(self.engine, held, LEASE)
        assert answer == self.life(held).expect_answer(held)
        return held if answer == "claimed" else multiple()

    @rule(held=claims)
    def ask_again(self, held: Claim) -> None:
        """The answer to a claim was lost, perhaps for long."""
        assert claims.claim(self.engine, held, LEASE) == self.life(held).expect_answer(held)

    @rule(held=claims)
    def beat(self, held: Claim) -> None:
        claims.extend(self.engine, held.worker_id, [held.job_id], LEASE)
        life = self.life(held)
        is_holder = life.state == "STARTED" and life.holder.worker_id == held.worker_id  # type: ignore[union-attr]
        if is_holder:
            life.has_lapsed = False
        orders = claims.read_orders(self.engine, held.worker_id, [held.job_id])
        assert orders == ([held.job_id] if is_holder and life.is_cancel_ordered else [])

    @rule(job_id=bells)
    def let_lease_lapse(self, job_id: str) -> None:
        if self.lives[job_id].state == "STARTED":
            expire_lease(self.engine, job_id)
            self.lives[job_id].has_lapsed = True

    @rule(job_id=bells)
    def let_time_come(self, job_id: str) -> None:
        if self.lives[job_id].waits:
            set_job(self.engine, job_id, run_at=now())
            self.lives[job_id].is_due = True

    @rule()
    def dispatch(self) -> None:
        lost = [life for life in self.lives.values() if life.lose_worker()]
        assert dispatch_due(self.engine).rescued == len(lost)

    @rule(held=claims, is_told_twice=st.booleans())
    def succeed(self, held: Claim, is_told_twice: bool) -> None:
        effect = partial(write_ledger, job_id=held.job_id)
        for _ in range(1 + is_told_twice):
            told = succeed(self.engine, held, None, [effect])
            assert told == self.life(held).succeed(held)

    @rule(held=claims, seconds=st.sampled_from([0.0, 60.0, 5000.0]))
    def fail(self, held: Claim, seconds: float) -> None:
        life = self.life(held)
        ended = fail(self.engine, held, BROKEN, after(seconds))
        state = "RETRY" if life.attempts < life.max_attempts else "FAILURE"
        expected = life.end_attempt(held, "failed", state, is_due=not seconds)
        assert (ended and ended.state) == expected

    @rule(held=claims)
    def fail_for_good(self, held: Claim) -> None:
        ended = fail(self.engine, held, HOPELESS, never)
        assert (ended and ended.state) == self.life(held).end_attempt(held, "failed", "FAILURE")

    @rule(held=claims)
    def release_or_obey(self, held: Claim) -> None:
        """A worker that stops, or a task that stopped on order."""
        ended = release(self.engine, held, "stop")
        assert (ended and ended.state) == self.life(held).end_attempt(held, "released", "PENDING")

    @rule(held=claims)
    def drop(self, held: Claim) -> None:
        ended = revoke(self.engine, held, HOPELESS)
        assert (ended and ended.state) == self.life(held).end_attempt(held, "cancelled", "REVOKED")

    @rule(job_id=bells)
    def cancel(self, job_id: str) -> None:
        if self.lives[job_id].cancel():
            row = jobs_service.cancel(self.engine, "demo", job_id)
            assert row.state == self.lives[job_id].state
        else:
            with pytest.raises(ImmutableObject):
                jobs_service.cancel(self.engine, "demo", job_id)

    @rule(held=consumes(claims))
    def forget(self, held: Claim) -> None:
        """A worker dies with what it held."""

    @invariant()
    def record_is_what_it_should_be(self) -> None:
        with self.engine.connect() as connection:
            rows = connection.execute(select(jobs)).all()
            order = attempts.c.ended_at, attempts.c.id
            ended = connection.execute(select(attempts).order_by(*order)).all()
            effects = list(connection.execute(select(ledger.c.job_id)).scalars())
        assert {row.id for row in rows} == set(self.lives)
        for row in rows:
            life = self.lives[row.id]
            assert (row.state, row.attempts) == (life.state, life.attempts)
            assert [one.outcome for one in ended if one.job_id == row.id] == life.ended
            assert effects.count(row.id) == life.effects == (row.state == "SUCCESS")
            check_row(row, life)


def check_row(row: Any, life: Life) -> None:
    """What holds for every job at every moment."""
    # A retried job waits for one more attempt: only a claim makes it one too many.
    assert 0 <= row.attempts <= row.max_attempts
    counted = [outcome for outcome in life.ended if outcome != "released"]
    is_running_or_succeeded = row.state in ("STARTED", "SUCCESS")
    assert row.attempts == len(counted) + is_running_or_succeeded
    assert (row.lease_expires_at is not None) == (row.state == "STARTED")
    assert (row.finished_at is not None) == life.is_final
    assert row.state != "REVOKED" or row.result is None
    if life.is_final:
        life.final_row = life.final_row or row
        assert row == life.final_row, "a job left its final state"


def test_any_order_of_events_keeps_the_promises(engine: Engine, sqs: FakeSqs) -> None:
    ledger.create(engine)
    try:
        run_state_machine_as_test(partial(JobLife, engine), settings=EXTENT)
    finally:
        ledger.drop(engine)
