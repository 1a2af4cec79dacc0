"""What is told of a job that ends, and to whom."""

from __future__ import annotations

from typing import Any

import jsonschema
import pytest
from sqlalchemy import Engine, select

from chalicelib.broker.contracts.notifications import DELIVER
from chalicelib.db.clock import now
from chalicelib.db.engine import in_transaction
from chalicelib.db.tables import jobs
from chalicelib.domain.jobs import JobState
from chalicelib.schemas.events import event_schema
from chalicelib.services.delivery_plans import IS_WATCHED, plan_deliveries
from chalicelib.services.outcomes import Fault, JobFacts
from tests.factories.jobs import create_job, read_job
from tests.factories.load_balancers import create_load_balancer
from tests.factories.webhooks import create_webhook, read_deliveries

pytestmark = pytest.mark.usefixtures("sqs")

FAULT = Fault(
    type="UpstreamRejected",
    code="upstream-rejected",
    message="No quota",
    retryable=False,
    traceback="secret",
)


def plan(engine: Engine, job: Any, state: JobState, fault: Fault | None = None) -> list[Any]:
    """Plan deliveries for the end of a job; returns their payloads."""
    facts = JobFacts.from_row(job)
    in_transaction(engine, lambda connection: plan_deliveries(connection, facts, state, fault))
    payloads = [row.payload for row in read_deliveries(engine)]
    for payload in payloads:
        jsonschema.validate(payload, event_schema())
    return payloads


def create_balancer_job(engine: Engine, kind: str, **record: Any) -> Any:
    """A job that has just ended on a load balancer whose record has changed with it."""
    row = create_load_balancer(engine, sequence=3, **record)
    parameters = {"load_balancer_id": row.id}
    return create_job(
        engine, id=row.job_id, task=f"network.loadbalancers.{kind}", parameters=parameters
    )


def test_end_of_a_job_is_told_by_a_job_of_its_own(engine: Engine) -> None:
    webhook, job = create_webhook(engine), create_job(engine, attempts=2)
    (payload,) = plan(engine, job, JobState.SUCCESS)
    (delivery,) = read_deliveries(engine)
    assert (delivery.webhook_id, delivery.event_type) == (webhook.id, "job.succeeded")
    assert payload["type"] == "job.succeeded"
    assert payload["timestamp"].endswith("Z")
    assert payload["data"]["job"] == {
        "id": job.id,
        "task": "test.echo",
        "state": "SUCCESS",
        "attempts": 2,
    }
    sender = read_job(engine, delivery.job_id)
    assert (sender.task, sender.queue, sender.project_id) == (DELIVER.name, "notifications", "demo")
    assert sender.parameters == {"delivery_id": delivery.id}
    assert (sender.state, sender.parent_id) == ("PENDING", job.id)


def test_failure_is_told_with_its_fault_and_without_its_trace(engine: Engine) -> None:
    create_webhook(engine)
    (payload,) = plan(engine, create_job(engine), JobState.FAILURE, FAULT)
    assert payload["type"] == "job.failed"
    assert payload["data"]["fault"]["code"] == "upstream-rejected"
    assert payload["data"]["message"].endswith("ended as FAILURE: No quota.")
    assert "secret" not in str(payload)


@pytest.mark.parametrize(
    ("kind", "status", "event", "words"),
    [
        ("create", "ACTIVE", "load_balancer.active", "was created"),
        ("add", "ACTIVE", "load_balancer.active", "was added"),
        ("update", "ACTIVE", "load_balancer.updated", "was changed"),
        ("destroy", "DELETED", "load_balancer.deleted", "was destroyed"),
    ],
)
def test_success_on_a_load_balancer_tells_what_it_is_now(
    engine: Engine, kind: str, status: str, event: str, words: str
) -> None:
    create_webhook(engine, events=["load_balancer.*"])
    job = create_balancer_job(engine, kind, provisioning_status=status)
    (payload,) = plan(engine, job, JobState.SUCCESS)
    assert payload["type"] == event
    assert payload["data"]["message"] == f"Load balancer 'shop front' {words}."
    assert payload["data"]["load_balancer"]["provisioning_status"] == status
    assert payload["data"]["sequence"] == 3


def test_failure_on_a_load_balancer_tells_what_failed_why_and_what_to_do(engine: Engine) -> None:
    create_webhook(engine, events=["load_balancer.error"])
    job = create_balancer_job(engine, "create", provisioning_status="ERROR", fault=None)
    fault = {"code": "quota", "message": "No quota", "advice": "Ask.", "job_id": job.id}
    with engine.connect() as connection:
        connection.exec_driver_sql("DELETE FROM load_balancers")
    create_load_balancer(
        engine,
        id=job.parameters["load_balancer_id"],
        job_id=job.id,
        provisioning_status="ERROR",
        fault=fault,
    )
    (payload,) = plan(engine, job, JobState.FAILURE, FAULT)
    assert payload["data"]["message"] == (
        "Load balancer 'shop front' could not be created: No quota. Ask."
    )
    assert payload["data"]["fault"] == {"code": "quota", "message": "No quota", "advice": "Ask."}


@pytest.mark.parametrize("status", ["ACTIVE", "ERROR"])
def test_cancel_that_left_the_record_as_it_was_is_no_event_of_it(
    engine: Engine, status: str
) -> None:
    create_webhook(engine)
    old = {"code": "old", "message": "Old.", "advice": "Old.", "job_id": "another"}
    fault = old if status == "ERROR" else None
    job = create_balancer_job(engine, "update", provisioning_status=status, fault=fault)
    assert [each["type"] for each in plan(engine, job, JobState.REVOKED)] == ["job.revoked"]


@pytest.mark.parametrize("parameters", [{}, {"load_balancer_id": 7}, {"load_balancer_id": "none"}])
def test_job_that_names_no_load_balancer_is_told_as_a_job_alone(
    engine: Engine, parameters: Any
) -> None:
    create_webhook(engine)
    job = create_job(engine, task="network.loadbalancers.create", parameters=parameters)
    assert [each["type"] for each in plan(engine, job, JobState.SUCCESS)] == ["job.succeeded"]


def test_each_webhook_hears_of_what_it_asked_for(engine: Engine) -> None:
    all_ = create_webhook(engine)
    some = create_webhook(engine, events=["load_balancer.*", "job.failed"])
    create_webhook(engine, project_id="other")
    create_webhook(engine, disabled_at=now())
    plan(engine, create_balancer_job(engine, "create"), JobState.SUCCESS)
    told = {(row.webhook_id, row.event_type) for row in read_deliveries(engine)}
    assert told == {
        (all_.id, "load_balancer.active"),
        (all_.id, "job.succeeded"),
        (some.id, "load_balancer.active"),
    }


def test_one_off_webhook_hears_of_its_job_alone(engine: Engine) -> None:
    job, other = create_job(engine), create_job(engine)
    create_webhook(engine, job_id=job.id)
    assert plan(engine, other, JobState.SUCCESS) == []
    assert len(plan(engine, job, JobState.SUCCESS)) == 1


def find_watched(engine: Engine) -> set[str]:
    with engine.connect() as connection:
        return set(connection.execute(select(jobs.c.id).where(IS_WATCHED)).scalars())


def test_job_is_watched_while_a_webhook_is_there_that_hears_of_it(engine: Engine) -> None:
    job, other = create_job(engine), create_job(engine, project_id="other")
    create_job(engine, task=DELIVER.name)
    assert find_watched(engine) == set()
    create_webhook(engine, disabled_at=now())
    assert find_watched(engine) == set()
    create_webhook(engine, project_id="other", job_id=other.id)
    assert find_watched(engine) == {other.id}
    create_webhook(engine)
    assert find_watched(engine) == {job.id, other.id}


def test_job_that_sends_a_delivery_has_the_trace_of_the_one_it_tells_of(engine: Engine) -> None:
    create_webhook(engine)
    trace = {"request_id": "request-7", "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}
    job = create_job(engine, state="FAILURE", **trace)
    plan(engine, job, JobState.FAILURE, FAULT)
    (delivery,) = read_deliveries(engine)
    sends = read_job(engine, delivery.job_id)
    assert (sends.request_id, sends.traceparent) == tuple(trace.values())
