"""The end of a job and its load balancer's record are one change."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Engine

from chalicelib.domain.load_balancers import LoadBalancerChange
from chalicelib.services import job_orders
from chalicelib.services.dispatcher import rescue_lapsed
from chalicelib.services.job_lifecycle import fail, release
from chalicelib.services.load_balancers import LOAD_BALANCERS
from chalicelib.services.records import Records
from tests.factories.jobs import (
    create_claimed_job,
    create_job,
    expire_lease,
    new_claim,
    read_job,
    set_job,
)
from tests.factories.load_balancers import (
    create_load_balancer,
    make_observed,
    make_spec,
    read_load_balancer,
)
from tests.fakes.sqs import FakeSqs
from tests.integration.record.outcome_verbs import BROKEN, HOPELESS, after, finish, never, start

service = Records(LOAD_BALANCERS)
KINDS = ["create", "update", "destroy", "add"]

pytestmark = pytest.mark.usefixtures("sqs")


def submit(engine: Engine, kind: str, **record: Any) -> tuple[Any, Any]:
    """Ask for a change; returns the record and its job."""
    if kind == "create":
        return service.create(engine, "demo", make_spec())
    if kind == "add":
        return service.add(engine, "demo", "upstream-1")
    row = create_load_balancer(engine, **({"upstream_id": "upstream-1"} | record))
    if kind == "destroy":
        return service.destroy(engine, "demo", row.id)
    return service.change(engine, "demo", row.id, LoadBalancerChange(name="shop back"))


@pytest.mark.parametrize("kind", ["create", "update", "add"])
def test_success_makes_the_record_what_the_upstream_said(engine: Engine, kind: str) -> None:
    record, job = submit(engine, kind)
    observed = make_observed(upstream_id="upstream-1")
    assert finish(engine, start(engine, job.id), observed)
    row = read_load_balancer(engine, record.id)
    assert (row.provisioning_status, row.fault) == ("ACTIVE", None)
    assert (row.upstream_id, row.dns_name) == ("upstream-1", "shop.elb.example")
    assert (row.network_id, row.tags) == ("vpc-1", {"team": "shop"})
    assert row.zones == [{"zone": "us-east-1a", "subnet_id": "subnet-a"}]
    assert row.updated_at >= row.created_at
    name = {"create": "shop front", "update": "shop back", "add": "upstream's name"}[kind]
    assert row.name == name


def test_success_of_destroy_makes_the_record_deleted(engine: Engine) -> None:
    record, job = submit(engine, "destroy")
    assert finish(engine, start(engine, job.id), {"upstream_id": "upstream-1"})
    row = read_load_balancer(engine, record.id)
    assert (row.provisioning_status, row.upstream_id, row.fault) == ("DELETED", None, None)
    assert service.add(engine, "demo", "upstream-1")[0].upstream_id == "upstream-1"


@pytest.mark.parametrize("kind", KINDS)
def test_failure_marks_the_record_with_words_for_its_owner(engine: Engine, kind: str) -> None:
    record, job = submit(engine, kind)
    fail(engine, start(engine, job.id), HOPELESS, never)
    row = read_load_balancer(engine, record.id)
    assert row.provisioning_status == "ERROR"
    assert (row.fault["code"], row.fault["message"]) == ("permanent", "No use.")
    assert row.fault["job_id"] == job.id
    assert row.fault["advice"]
    assert "traceback" not in row.fault


@pytest.mark.parametrize("kind", KINDS)
def test_attempt_that_is_tried_again_leaves_the_record_pending(engine: Engine, kind: str) -> None:
    record, job = submit(engine, kind)
    fail(engine, start(engine, job.id), BROKEN, after(0))
    assert read_load_balancer(engine, record.id) == record
    release(engine, start(engine, job.id), "stop")
    assert read_load_balancer(engine, record.id) == record


@pytest.mark.parametrize("kind", KINDS)
def test_worker_lost_on_the_last_attempt_marks_the_record(engine: Engine, kind: str) -> None:
    record, job = submit(engine, kind)
    set_job(engine, job.id, max_attempts=1)
    start(engine, job.id)
    expire_lease(engine, job.id)
    assert rescue_lapsed(engine) == 1
    row = read_load_balancer(engine, record.id)
    assert (row.provisioning_status, row.fault["code"]) == ("ERROR", "worker-lost")


@pytest.mark.parametrize("kind", ["update", "destroy"])
@pytest.mark.parametrize("status", ["ACTIVE", "ERROR"])
def test_cancel_before_the_first_attempt_leaves_the_record_as_it_was(
    engine: Engine, kind: str, status: str
) -> None:
    fault = {"code": "old"} if status == "ERROR" else None
    record, job = submit(engine, kind, provisioning_status=status, fault=fault)
    job_orders.cancel(engine, "demo", job.id)
    row = read_load_balancer(engine, record.id)
    assert (row.provisioning_status, row.fault) == (status, fault)
    assert (row.upstream_id, row.name) == ("upstream-1", "shop front")


@pytest.mark.parametrize("kind", ["create", "add"])
def test_cancelled_before_it_existed_is_an_error(engine: Engine, kind: str) -> None:
    record, job = submit(engine, kind)
    job_orders.cancel(engine, "demo", job.id)
    row = read_load_balancer(engine, record.id)
    assert (row.provisioning_status, row.fault["code"]) == ("ERROR", "cancelled")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("way", ["obeyed", "between attempts", "after a release", "lost"])
def test_cancel_after_an_attempt_began_is_an_error(engine: Engine, kind: str, way: str) -> None:
    """Nobody knows how far the upstream got."""
    record, job = submit(engine, kind)
    held = start(engine, job.id)
    if way == "between attempts":
        fail(engine, held, BROKEN, after(60))
    elif way == "after a release":
        release(engine, held, "the worker stops")
    job_orders.cancel(engine, "demo", job.id)
    if way == "obeyed":
        release(engine, held, "cancelled")
    elif way == "lost":
        expire_lease(engine, job.id)
        rescue_lapsed(engine)
    assert read_job(engine, job.id).state == "REVOKED"
    row = read_load_balancer(engine, record.id)
    assert (row.provisioning_status, row.fault["code"]) == ("ERROR", "cancelled")


@pytest.mark.parametrize("way", ["failed", "cancelled", "cancelled before it began"])
def test_load_balancer_that_was_not_added_is_let_go(engine: Engine, way: str) -> None:
    """Destroying its record must not touch it, and it can be added again."""
    record, job = submit(engine, "add")
    if way == "failed":
        fail(engine, start(engine, job.id), HOPELESS, never)
    elif way == "cancelled":
        held = start(engine, job.id)
        job_orders.cancel(engine, "demo", job.id)
        release(engine, held, "cancelled")
    else:
        job_orders.cancel(engine, "demo", job.id)
    assert read_load_balancer(engine, record.id).upstream_id is None
    _, destroying = service.destroy(engine, "demo", record.id)
    assert destroying.parameters["upstream_id"] is None
    service.add(engine, "demo", "upstream-1")


def test_outcome_of_a_job_that_was_replaced_changes_nothing(engine: Engine) -> None:
    record, job = submit(engine, "update")
    held = start(engine, job.id)
    create_load_balancer(engine, id="other", job_id=job.id)
    set_job(engine, job.id, parameters=job.parameters | {"load_balancer_id": "other"})
    assert finish(engine, held, make_observed(upstream_id="upstream-2"))
    assert read_load_balancer(engine, record.id) == record


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "parameters", [{}, *({"load_balancer_id": wrong} for wrong in (None, [7], "\ud800"))]
)
def test_job_that_names_no_load_balancer_ends_like_another(
    engine: Engine, kind: str, parameters: dict[str, Any]
) -> None:
    """As a message of another Celery client may: it must not stop the dispatcher for ever."""
    task = f"network.loadbalancers.{kind}"
    held = create_claimed_job(engine, task=task, parameters=parameters)
    fail(engine, held, HOPELESS, never)
    lapsed = create_claimed_job(engine, task=task, parameters=parameters, max_attempts=1)
    expire_lease(engine, lapsed.job_id)
    assert rescue_lapsed(engine) == 1
    waiting = create_job(engine, task=task, parameters=parameters)
    job_orders.cancel(engine, "demo", waiting.id)
    states = [read_job(engine, job_id).state for job_id in (held.job_id, lapsed.job_id, waiting.id)]
    assert states == ["FAILURE", "FAILURE", "REVOKED"]


def test_lost_claim_does_not_touch_the_record(engine: Engine) -> None:
    record, job = submit(engine, "update")
    lost = start(engine, job.id)
    set_job(engine, job.id, claim_id=new_claim(job.id).claim_id)
    assert not finish(engine, lost, make_observed())
    assert fail(engine, lost, HOPELESS, never) is None
    assert read_load_balancer(engine, record.id) == record


def test_bell_of_a_change_is_rung_after_its_commit(engine: Engine, sqs: FakeSqs) -> None:
    _, job = submit(engine, "create")
    (sent,) = sqs.sent
    assert (sent.job_id, sent.queue, sent.group) == (job.id, "network", "demo")
    assert sent.content[1] == job.parameters
    assert read_job(engine, job.id).rung_at is not None
