"""Who wants to hear of an outcome is planned for in its transaction, exactly once."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, Engine

from chalicelib.broker.contracts.notifications import DELIVER
from chalicelib.services import job_orders
from chalicelib.services.dispatcher import rescue_lapsed, ring_due
from chalicelib.services.job_lifecycle import fail, release, revoke, succeed
from chalicelib.services.load_balancers import LOAD_BALANCERS
from chalicelib.services.records import Records
from chalicelib.services.success_batches import succeed_many
from tests.factories.jobs import (
    create_claimed_job,
    create_job,
    expire_lease,
    new_claim,
    read_job,
)
from tests.factories.load_balancers import make_observed, make_spec, read_load_balancer
from tests.factories.webhooks import create_webhook, read_deliveries
from tests.fakes.sqs import FakeSqs
from tests.integration.record.outcome_verbs import (
    BROKEN,
    HOPELESS,
    after,
    count_traces,
    finish,
    leave_trace,
    never,
    start,
)
from tests.statements import recorded, verbs

service = Records(LOAD_BALANCERS)
RESULT = msgspec.Raw(b"7")

pytestmark = pytest.mark.usefixtures("sqs")


def told(engine: Engine) -> list[str]:
    return [row.event_type for row in read_deliveries(engine)]


@pytest.mark.parametrize("effects", [(), (leave_trace,)])
def test_success_is_told_once_however_often_it_is_recorded(engine: Engine, effects: Any) -> None:
    create_webhook(engine)
    held = create_claimed_job(engine)
    for _ in range(2):
        assert succeed(engine, held, RESULT, effects)
    job = read_job(engine, held.job_id)
    assert (job.state, job.result) == ("SUCCESS", 7)
    assert told(engine) == ["job.succeeded"]
    assert count_traces(engine) == len(effects)


def test_of_a_batch_those_are_told_that_somebody_wants_to_hear_of(
    engine: Engine, sqs: FakeSqs
) -> None:
    create_webhook(engine, project_id="shop")
    watched = [create_claimed_job(engine, project_id="shop") for _ in range(2)]
    others = [create_claimed_job(engine) for _ in range(2)]
    lost = new_claim(create_job(engine, state="STARTED", project_id="shop").id)
    for _ in range(2):
        results = [(held, RESULT) for held in (*watched, lost, *others)]
        assert succeed_many(engine, results).lost == {lost.job_id}
    for held in (*watched, *others):
        assert read_job(engine, held.job_id).state == "SUCCESS"
    heard_of = {row.payload["data"]["job"]["id"] for row in read_deliveries(engine)}
    assert heard_of == {held.job_id for held in watched}
    assert told(engine) == ["job.succeeded"] * 2
    assert sqs.calls == [2]  # their bells, in one call


@pytest.mark.parametrize("effects", [(), (leave_trace,)])
def test_claim_that_was_lost_tells_nothing(engine: Engine, effects: Any) -> None:
    create_webhook(engine)
    job = create_job(engine, state="STARTED")
    assert not succeed(engine, new_claim(job.id), RESULT, effects)
    assert fail(engine, new_claim(job.id), HOPELESS, never) is None
    assert told(engine) == []
    assert count_traces(engine) == 0


def test_outcome_that_is_rolled_back_tells_nothing(engine: Engine) -> None:
    create_webhook(engine)
    held = create_claimed_job(engine)

    def break_off(connection: Connection) -> None:
        raise RuntimeError("the process dies here")

    with pytest.raises(RuntimeError):
        succeed(engine, held, RESULT, [leave_trace, break_off])
    assert read_job(engine, held.job_id).state == "STARTED"
    assert told(engine) == []


def test_each_way_to_fail_for_good_is_told(engine: Engine) -> None:
    create_webhook(engine)
    fail(engine, create_claimed_job(engine), HOPELESS, never)
    revoke(engine, create_claimed_job(engine), HOPELESS)
    lapsed = create_claimed_job(engine, max_attempts=1)
    expire_lease(engine, lapsed.job_id)
    assert rescue_lapsed(engine) == 1
    job_orders.cancel(engine, "demo", create_job(engine).id)
    assert told(engine) == ["job.failed", "job.revoked", "job.failed", "job.revoked"]
    faults = [row.payload["data"].get("fault") for row in read_deliveries(engine)]
    assert faults[2]["code"] == "worker-lost"


def test_attempt_that_is_tried_again_is_told_to_nobody(engine: Engine) -> None:
    create_webhook(engine)
    fail(engine, create_claimed_job(engine), BROKEN, after(0))
    release(engine, create_claimed_job(engine), "stop")
    lapsed = create_claimed_job(engine)
    expire_lease(engine, lapsed.job_id)
    assert rescue_lapsed(engine) == 1
    assert told(engine) == []


def test_end_of_a_delivery_is_told_to_nobody(engine: Engine) -> None:
    create_webhook(engine)
    for end in (
        lambda held: succeed(engine, held, RESULT),
        lambda held: fail(engine, held, HOPELESS, never),
        lambda held: revoke(engine, held, HOPELESS),
    ):
        end(create_claimed_job(engine, task=DELIVER.name, queue=DELIVER.queue))
    assert told(engine) == []


def test_one_off_webhook_of_a_job_is_told_of_its_end(engine: Engine) -> None:
    held, other = create_claimed_job(engine), create_claimed_job(engine)
    create_webhook(engine, job_id=held.job_id)
    succeed(engine, held, RESULT)
    succeed(engine, other, RESULT)
    (delivery,) = read_deliveries(engine)
    assert delivery.payload["data"]["job"]["id"] == held.job_id


def test_load_balancer_is_told_as_its_record_is_after_the_outcome(engine: Engine) -> None:
    create_webhook(engine, events=["load_balancer.*"])
    record, job = service.create(engine, "demo", make_spec())
    assert finish(engine, start(engine, job.id), make_observed(upstream_id="upstream-1"))
    _, destroying = service.destroy(engine, "demo", record.id)
    fail(engine, start(engine, destroying.id), HOPELESS, never)
    first, second = (row.payload for row in read_deliveries(engine))
    assert (first["type"], second["type"]) == ("load_balancer.active", "load_balancer.error")
    assert first["data"]["load_balancer"]["upstream_id"] == "upstream-1"
    assert second["data"]["message"] == (
        "Load balancer 'shop front' could not be destroyed: No use. "
        "Destroy it again when the cause is mended."
    )
    assert first["data"]["sequence"] < second["data"]["sequence"]
    assert second["data"]["sequence"] == read_load_balancer(engine, record.id).sequence


def test_what_is_planned_is_rung_after_the_commit(engine: Engine, sqs: FakeSqs) -> None:
    create_webhook(engine)
    create_webhook(engine)
    succeed(engine, create_claimed_job(engine), RESULT)
    planned = {row.job_id for row in read_deliveries(engine)}
    assert {(sent.queue, sent.job_id) for sent in sqs.sent} == {
        ("notifications", job_id) for job_id in planned
    }
    assert len(sqs.sent) == 2
    assert ring_due(engine) == 0


def test_what_could_not_be_rung_is_rung_by_the_dispatcher(engine: Engine, sqs: FakeSqs) -> None:
    create_webhook(engine)
    sqs.go_away()
    assert succeed(engine, create_claimed_job(engine), RESULT)
    sqs.come_back()
    assert ring_due(engine) == 1
    assert [sent.job_id for sent in sqs.sent] == [read_deliveries(engine)[0].job_id]


def test_job_that_nobody_hears_of_costs_no_statement_more(engine: Engine) -> None:
    create_webhook(engine, project_id="other")
    lone, with_effect, failing = (create_claimed_job(engine) for _ in range(3))
    waiting = create_job(engine)
    with recorded(engine) as sent:
        succeed(engine, lone, RESULT)
        succeed(engine, with_effect, RESULT, [lambda connection: None])
        fail(engine, failing, HOPELESS, never)
    assert verbs(sent) == [
        *["UPDATE"],
        *["BEGIN", "UPDATE", "COMMIT"],
        *["BEGIN", "SELECT", "INSERT", "UPDATE", "COMMIT"],
    ]
    with recorded(engine) as sent:
        job_orders.cancel(engine, "demo", waiting.id)
    assert verbs(sent).count("SELECT") == 2  # the job, before and after


def test_failure_that_is_too_late_for_a_cancel_is_told_as_cancelled(engine: Engine) -> None:
    create_webhook(engine)
    held = create_claimed_job(engine)
    job_orders.cancel(engine, "demo", held.job_id)
    fail(engine, held, BROKEN, after(0))
    assert told(engine) == ["job.revoked"]
