"""Keys from the submission of a job to the orders that it is given."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from chalicelib.broker.contracts.diagnostics import ECHO, Echo
from chalicelib.domain.jobs import HELD
from chalicelib.domain.load_balancers import LoadBalancerChange
from chalicelib.services import job_orders
from chalicelib.services.claims import ClaimAnswer, claim
from chalicelib.services.dispatcher import dispatch_due
from chalicelib.services.job_lifecycle import fail, release, succeed
from chalicelib.services.jobs import NewJob, submit, submit_many
from chalicelib.services.load_balancers import LOAD_BALANCERS
from chalicelib.services.records import Records
from chalicelib.services.turns import pass_turn
from tests.factories.jobs import expire_lease, new_claim, read_job, set_job
from tests.factories.load_balancers import create_load_balancer, make_spec
from tests.fakes.sqs import FakeSqs
from tests.integration.record.outcome_verbs import BROKEN, after


def new(key: str | None = "customer:1", **options: Any) -> NewJob:
    return NewJob(contract=ECHO, parameters=Echo(), key=key, **options)


def begin(engine: Engine, job_id: str) -> Any:
    held = new_claim(job_id)
    assert claim(engine, held, 40.0) is ClaimAnswer.CLAIMED
    return held


def test_second_job_of_a_key_is_recorded_and_not_rung(engine: Engine, sqs: FakeSqs) -> None:
    first, second = (submit(engine, "demo", new()) for _ in range(2))
    assert sqs.job_ids() == [first.id]
    assert (first.run_at == HELD, second.run_at) == (False, HELD)
    assert sqs.sent[0].headers["key"] == "customer:1"
    succeed(engine, begin(engine, first.id), None)
    pass_turn(engine, "demo", "customer:1")
    assert sqs.job_ids() == [first.id, second.id]


def test_batch_with_keys_keeps_its_order(engine: Engine, sqs: FakeSqs) -> None:
    keys = ["a", "b", "a", None, "a"]
    done = submit_many(engine, "demo", [new(key) for key in keys])
    ids = [row.id for row in done.rows]
    assert set(sqs.job_ids()) == {ids[0], ids[1], ids[3]}
    for index in (0, 2, 4):
        succeed(engine, begin(engine, ids[index]), None)
        pass_turn(engine, "demo", "a")
    assert sqs.job_ids()[3:] == [ids[2], ids[4]]


def test_supersede_is_told_on_both(engine: Engine, sqs: FakeSqs) -> None:
    begin(engine, submit(engine, "demo", new()).id)
    old = submit(engine, "demo", new())
    newer = submit(engine, "demo", new(supersedes=True))
    assert read_job(engine, newer.id).supersedes == newer.supersedes == [old.id]
    assert read_job(engine, old.id).superseded_by == newer.id
    assert read_job(engine, old.id).state == "REVOKED"


def test_cancelled_job_passes_its_turn(engine: Engine, sqs: FakeSqs) -> None:
    first, second, third = (submit(engine, "demo", new()) for _ in range(3))
    job_orders.cancel(engine, "demo", second.id)
    assert sqs.job_ids() == [first.id]
    job_orders.cancel(engine, "demo", first.id)
    assert sqs.job_ids() == [first.id, third.id]


def test_job_that_fails_for_good_passes_its_turn_and_one_that_is_retried_keeps_it(
    engine: Engine, sqs: FakeSqs
) -> None:
    first, second = (submit(engine, "demo", new()) for _ in range(2))
    again = fail(engine, begin(engine, first.id), BROKEN, after(0))
    assert again is not None
    assert again.key is None
    given_back = release(engine, begin(engine, first.id), "stop")
    assert given_back is not None
    assert given_back.key is None
    ended = fail(engine, begin(engine, first.id), BROKEN, after(None))
    assert ended is not None
    assert (ended.project_id, ended.key) == ("demo", "customer:1")
    pass_turn(engine, ended.project_id, ended.key)
    assert sqs.job_ids()[-1] == second.id


def test_job_whose_worker_vanished_passes_its_turn(engine: Engine, sqs: FakeSqs) -> None:
    first, second = (submit(engine, "demo", new(max_attempts=1)) for _ in range(2))
    begin(engine, first.id)
    expire_lease(engine, first.id)
    dispatch_due(engine)
    assert read_job(engine, first.id).state == "FAILURE"
    assert sqs.job_ids() == [first.id, second.id]


def test_turn_that_was_forgotten_is_passed_by_the_dispatcher(engine: Engine, sqs: FakeSqs) -> None:
    first, second = (submit(engine, "demo", new()) for _ in range(2))
    succeed(engine, begin(engine, first.id), None)
    dispatch_due(engine)
    assert sqs.job_ids() == [first.id, second.id]


def test_retried_job_joins_the_line_at_its_end(engine: Engine, sqs: FakeSqs) -> None:
    first, second = (submit(engine, "demo", new()) for _ in range(2))
    set_job(engine, first.id, state="FAILURE")
    pass_turn(engine, "demo", "customer:1")
    again = job_orders.retry(engine, "demo", first.id)
    assert (again.state, again.run_at) == ("PENDING", HELD)
    assert sqs.job_ids() == [first.id, second.id]
    succeed(engine, begin(engine, second.id), None)
    pass_turn(engine, "demo", "customer:1")
    assert sqs.job_ids() == [first.id, second.id, first.id]


def test_retried_job_whose_line_is_empty_runs_at_once(engine: Engine, sqs: FakeSqs) -> None:
    job = submit(engine, "demo", new())
    set_job(engine, job.id, state="FAILURE")
    assert job_orders.retry(engine, "demo", job.id).run_at != HELD
    assert sqs.job_ids() == [job.id, job.id]


def test_jobs_of_one_load_balancer_share_a_key(engine: Engine, sqs: FakeSqs) -> None:
    balancers = Records(LOAD_BALANCERS)
    record, job = balancers.create(engine, "demo", make_spec())
    assert job.key == f"loadbalancer:{record.id}"
    other = create_load_balancer(engine)
    _, change = balancers.change(engine, "demo", other.id, LoadBalancerChange(name="x"))
    assert change.key == f"loadbalancer:{other.id}"
    assert sqs.job_ids() == [job.id, change.id]


def test_load_balancers_job_waits_for_the_one_that_still_runs(engine: Engine, sqs: FakeSqs) -> None:
    balancers = Records(LOAD_BALANCERS)
    record, job = balancers.create(engine, "demo", make_spec())
    begin(engine, job.id)
    from chalicelib.db.tables import load_balancers as table

    with engine.connect() as connection:  # as if somebody had mended the record by hand
        connection.execute(table.update().values(provisioning_status="ERROR"))
    _, destroy = balancers.destroy(engine, "demo", record.id)
    assert sqs.job_ids() == [job.id]
    assert destroy.run_at == HELD


@pytest.mark.parametrize("state", ["PENDING", "STARTED"])
def test_key_of_another_project_is_another_key(engine: Engine, sqs: FakeSqs, state: str) -> None:
    mine = submit(engine, "demo", new())
    set_job(engine, mine.id, state=state)
    other = submit(engine, "else", new())
    assert sqs.job_ids() == [mine.id, other.id]
