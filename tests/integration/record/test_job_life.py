"""A job's life in any order of events, by any of three workers, some of which hold old claims."""

from __future__ import annotations

import os
from functools import partial

import hypothesis.strategies as st
import msgspec
import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import Column, Connection, Engine, MetaData, String, Table, insert, select

from chalicelib.db.clock import now
from chalicelib.db.tables import attempts, jobs
from chalicelib.domain.ids import new_id
from chalicelib.errors import ImmutableObject
from chalicelib.services import claims, job_orders, leases
from chalicelib.services.claims import Claim
from chalicelib.services.dispatcher import dispatch_due
from chalicelib.services.job_lifecycle import (
    fail,
    release,
    revoke,
    succeed,
)
from chalicelib.services.success_batches import succeed_many
from tests.databases import as_owner
from tests.factories.jobs import create_job, expire_lease, new_claim, set_job
from tests.fakes.sqs import FakeSqs
from tests.integration.record.job_life import Life, check_row
from tests.integration.record.outcome_verbs import BROKEN, HOPELESS, after, never

EXAMPLES = 500 if os.getenv("HYPOTHESIS_PROFILE") == "long" else 40
EXTENT = settings(
    max_examples=EXAMPLES,
    stateful_step_count=60,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
LEASE = 3600.0
WORKERS = st.sampled_from(["worker-1", "worker-2", "worker-3"])
#: Which job something happens to, mostly one that is alive.
WHICH = st.sampled_from([0, 0, 0, 1, 1, 2, 3])
#: How many claims of a job are younger than the one that is used, mostly none.
AGE = st.sampled_from([0, 0, 0, 1, 2])
SEVERAL = st.lists(st.tuples(WHICH, AGE), min_size=1, max_size=4)
MOST_ATTEMPTS = st.integers(1, 4)

#: What tasks made true in the transaction of their outcome.
ledger = Table("ledger", MetaData(), Column("job_id", String(36), nullable=False))


def write_ledger(connection: Connection, job_id: str) -> None:
    connection.execute(insert(ledger).values(job_id=job_id))


class JobLife(RuleBasedStateMachine):
    """Each rule does something to the record and to the model, and compares their answers."""

    def __init__(self, engine: Engine) -> None:
        super().__init__()
        self.engine = engine
        self.lives: dict[str, Life] = {}
        with engine.connect() as connection:
            for table in (ledger, attempts, jobs):
                connection.execute(table.delete())

    def life(self, held: Claim) -> Life:
        return self.lives[held.job_id]

    def job(self, which: int) -> str:
        """The id of a job; those that wait come first, those that have ended last."""
        lives = self.lives
        ids = sorted(lives, key=lambda one: (lives[one].is_final, not lives[one].waits))
        return ids[which % len(ids)]

    def claim(self, which: int, age: int) -> Claim:
        """A claim of a job, live or not; jobs that run come first."""
        claimed = [life for life in self.lives.values() if life.claims]
        claimed.sort(key=lambda life: (life.state != "STARTED", life.is_final))
        found = claimed[which % len(claimed)].claims
        return found[-1 - age % len(found)]

    def is_work_going_on(self) -> bool:
        """Whether some job was claimed, and not all have ended, which leaves little to happen."""
        return any(life.claims for life in self.lives.values()) and self.count_alive() > 0

    def count_alive(self) -> int:
        return sum(not life.is_final for life in self.lives.values())

    @initialize(max_attempts=MOST_ATTEMPTS, worker=WORKERS)
    def begin(self, max_attempts: int, worker: str) -> None:
        self.submit(max_attempts, worker)

    @precondition(lambda self: self.count_alive() < 3)
    @rule(max_attempts=MOST_ATTEMPTS, worker=st.none() | WORKERS)
    def submit(self, max_attempts: int, worker: str | None) -> None:
        """`worker`: who hears its bell at once."""
        job_id: str = create_job(self.engine, max_attempts=max_attempts).id
        self.lives[job_id] = Life(max_attempts)
        if worker is not None:
            self.deliver(job_id, worker)

    @rule(which=WHICH, worker=WORKERS)
    def hear_bell(self, which: int, worker: str) -> None:
        """Early or late, and any number of times."""
        self.deliver(self.job(which), worker)

    def deliver(self, job_id: str, worker: str) -> None:
        held = new_claim(job_id, worker)
        answer = claims.claim(self.engine, held, LEASE)
        assert answer == self.life(held).expect_answer(held)
        if answer == "claimed":
            self.life(held).claims.append(held)

    @rule(several=SEVERAL, worker=WORKERS, off_by=st.sampled_from([0, 0, 0, 1]))
    def hear_bells(self, several: list[tuple[int, int]], worker: str, off_by: int) -> None:
        """Of several jobs in one statement; the bells of other attempts may be among them."""
        claim_id = new_id()
        job_ids = dict.fromkeys(self.job(which) for which, _ in several)
        held = [Claim(job_id=one, claim_id=claim_id, worker_id=worker) for one in job_ids]
        numbers = {one: self.lives[one].attempts + off_by for one in job_ids}
        answers = claims.claim_many(self.engine, held, numbers, LEASE)
        for one, answer in zip(held, answers, strict=True):
            life = self.life(one)
            assert answer == life.expect_answer(one)
            if answer == "claimed":
                assert one.attempt == life.attempts
                life.claims.append(one)

    @precondition(is_work_going_on)
    @rule(several=SEVERAL, is_told_twice=st.booleans())
    def succeed_together(self, several: list[tuple[int, int]], is_told_twice: bool) -> None:
        found = {one.job_id: one for one in (self.claim(*which) for which in several)}
        results = [(held, msgspec.Raw(b"[1]")) for held in found.values()]
        for _ in range(1 + is_told_twice):
            lost = succeed_many(self.engine, results).lost
            recorded = {
                one for one, held in found.items() if self.life(held).succeed(held, effects=0)
            }
            assert lost == found.keys() - recorded

    @precondition(is_work_going_on)
    @rule(several=SEVERAL)
    def unclaim(self, several: list[tuple[int, int]]) -> None:
        """A worker gives back what it had not begun."""
        found = {one.job_id: one for one in (self.claim(*which) for which in several)}
        given = [self.life(held).unclaim(held) for held in found.values()]
        assert leases.unclaim(self.engine, list(found.values())) == all(given)

    @precondition(is_work_going_on)
    @rule(which=WHICH, age=AGE)
    def ask_again(self, which: int, age: int) -> None:
        """The answer to a claim was lost, perhaps for long."""
        held = self.claim(which, age)
        assert claims.claim(self.engine, held, LEASE) == self.life(held).expect_answer(held)

    @precondition(is_work_going_on)
    @rule(which=WHICH, age=AGE)
    def beat(self, which: int, age: int) -> None:
        held = self.claim(which, age)
        leases.extend(self.engine, held.worker_id, [held.job_id], LEASE)
        life = self.life(held)
        is_holder = life.state == "STARTED" and life.holder.worker_id == held.worker_id  # type: ignore[union-attr]
        if is_holder:
            life.has_lapsed = False
        orders = leases.read_orders(self.engine, held.worker_id, [held.job_id])
        assert orders == ([held.job_id] if is_holder and life.is_cancel_ordered else [])

    @precondition(is_work_going_on)
    @rule(which=WHICH, is_noticed_at_once=st.booleans())
    def let_lease_lapse(self, which: int, is_noticed_at_once: bool) -> None:
        held = self.claim(which, 0)
        if self.life(held).state == "STARTED":
            expire_lease(self.engine, held.job_id)
            self.life(held).has_lapsed = True
        if is_noticed_at_once:
            self.dispatch()

    @precondition(is_work_going_on)
    @rule(which=WHICH)
    def let_time_come(self, which: int) -> None:
        job_id = self.job(which)
        if self.lives[job_id].waits:
            set_job(self.engine, job_id, run_at=now())
            self.lives[job_id].is_due = True

    @precondition(is_work_going_on)
    @rule()
    def dispatch(self) -> None:
        lost = [life for life in self.lives.values() if life.lose_worker()]
        assert dispatch_due(self.engine).rescued == len(lost)

    @precondition(is_work_going_on)
    @rule(
        way=st.sampled_from(["fail", "release", "lapse"]),
        worker=WORKERS,
        last_word=st.sampled_from(["", "beat", "succeed", "fail"]),
    )
    def change_hands(self, way: str, worker: str, last_word: str) -> None:
        """A job that runs is soon run by another, and who had it before may not know."""
        if way == "fail":
            self.fail(0, 0, 0.0)
        elif way == "release":
            self.release(0, 0)
        else:
            self.let_lease_lapse(0, is_noticed_at_once=True)
        self.hear_bell(0, worker)
        if last_word == "beat":
            self.beat(0, 1)
        elif last_word == "succeed":
            self.succeed(0, 1, is_told_twice=False)
        elif last_word == "fail":
            self.fail(0, 1, 0.0)

    @precondition(is_work_going_on)
    @rule(which=WHICH, age=AGE, is_told_twice=st.booleans())
    def succeed(self, which: int, age: int, is_told_twice: bool) -> None:
        held = self.claim(which, age)
        effect = partial(write_ledger, job_id=held.job_id)
        for _ in range(1 + is_told_twice):
            told = succeed(self.engine, held, None, [effect])
            assert told == self.life(held).succeed(held, effects=1)

    @precondition(is_work_going_on)
    @rule(which=WHICH, age=AGE, seconds=st.sampled_from([0.0, 0.0, 60.0, 5000.0]))
    def fail(self, which: int, age: int, seconds: float) -> None:
        held = self.claim(which, age)
        life = self.life(held)
        ended = fail(self.engine, held, BROKEN, after(seconds))
        state = "RETRY" if life.attempts < life.max_attempts else "FAILURE"
        expected = life.end_attempt(held, "failed", state, is_due=not seconds)
        assert (ended and ended.state) == expected

    @precondition(is_work_going_on)
    @rule(which=WHICH, age=AGE)
    def release(self, which: int, age: int) -> None:
        """A worker that stops, or a task that stopped on order."""
        held = self.claim(which, age)
        ended = release(self.engine, held, "stop")
        assert (ended and ended.state) == self.life(held).end_attempt(held, "released", "PENDING")

    @precondition(is_work_going_on)
    @rule(which=WHICH, age=AGE, is_dropped=st.booleans())
    def end_for_good(self, which: int, age: int, is_dropped: bool) -> None:
        """By an error that no repetition mends, or because the task drops its job."""
        held = self.claim(which, age)
        outcome, state = ("cancelled", "REVOKED") if is_dropped else ("failed", "FAILURE")
        if is_dropped:
            ended = revoke(self.engine, held, HOPELESS)
        else:
            ended = fail(self.engine, held, HOPELESS, never)
        assert (ended and ended.state) == self.life(held).end_attempt(held, outcome, state)

    @rule(which=WHICH, is_claimed=st.sampled_from([True, True, True, False]))
    def cancel(self, which: int, is_claimed: bool) -> None:
        is_claimed &= self.is_work_going_on()
        job_id = self.claim(which, 0).job_id if is_claimed else self.job(which)
        if self.lives[job_id].cancel():
            row = job_orders.cancel(self.engine, "demo", job_id)
            assert row.state == self.lives[job_id].state
        else:
            with pytest.raises(ImmutableObject):
                job_orders.cancel(self.engine, "demo", job_id)

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
            assert effects.count(row.id) == life.effects <= (row.state == "SUCCESS")
            check_row(row, life)


def test_any_order_of_events_keeps_the_promises(engine: Engine, sqs: FakeSqs) -> None:
    owner = as_owner(engine)
    ledger.create(owner)
    try:
        run_state_machine_as_test(partial(JobLife, engine), settings=EXTENT)
    finally:
        ledger.drop(owner)
        owner.dispose()
