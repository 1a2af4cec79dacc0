"""Load balancers made true, whatever happens to the worker at the worst moment."""

from __future__ import annotations

import time
from typing import Any

import pytest
from sqlalchemy import Row, select

from chalicelib.db.engine import connect
from chalicelib.db.tables import load_balancers
from chalicelib.domain.load_balancers import LoadBalancerChange, LoadBalancerSpec
from chalicelib.services import job_orders
from chalicelib.services.load_balancers import LOAD_BALANCERS
from chalicelib.services.records import Records
from tests.e2e.conftest import MakeFleet
from tests.e2e.fleet import PROJECT, Fleet
from tests.e2e.worker_process import wait_until
from worker.upstream.errors import UpstreamRejected, UpstreamThrottled
from worker.upstream.memory.load_balancers import MemoryLoadBalancers

service = Records(LOAD_BALANCERS)
SPEC = LoadBalancerSpec(name="web", subnet_ids=["subnet-1"])


def _upstream(fleet: Fleet) -> MemoryLoadBalancers:
    return MemoryLoadBalancers(str(fleet.upstream_path))


def _record(fleet: Fleet, load_balancer_id: str) -> Row[Any]:
    with connect(fleet.engine) as connection:
        query = select(load_balancers).where(load_balancers.c.id == load_balancer_id)
        return connection.execute(query).one()


@pytest.mark.parametrize("backend", ["mariadb", "sqlite"])
def test_load_balancer_is_created_changed_added_and_destroyed(
    make_fleet: MakeFleet, backend: str
) -> None:
    fleet = make_fleet(backend)
    upstream = _upstream(fleet)
    fleet.start_worker()

    made, job = service.create(fleet.engine, PROJECT, SPEC)
    assert made.provisioning_status == "PENDING_CREATE"
    fleet.wait_for_state(job.id, "SUCCESS")
    row = _record(fleet, made.id)
    [seen] = upstream.list_all()
    assert row.provisioning_status == "ACTIVE"
    assert row.upstream_id == seen.upstream_id

    _, job = service.change(fleet.engine, PROJECT, made.id, LoadBalancerChange(name="www"))
    fleet.wait_for_state(job.id, "SUCCESS")
    assert _record(fleet, made.id).provisioning_status == "ACTIVE"
    assert upstream.list_all()[0].name == "www"

    there = upstream.create("somebody else's", SPEC)
    added, job = service.add(fleet.engine, PROJECT, there.upstream_id)
    fleet.wait_for_state(job.id, "SUCCESS")
    assert _record(fleet, added.id).provisioning_status == "ACTIVE"
    assert _record(fleet, added.id).upstream_id == there.upstream_id

    _, job = service.destroy(fleet.engine, PROJECT, made.id)
    fleet.wait_for_state(job.id, "SUCCESS")
    assert _record(fleet, made.id).provisioning_status == "DELETED"
    assert [one.upstream_id for one in upstream.list_all()] == [there.upstream_id]
    fleet.wait_until_queues_empty()


@pytest.mark.parametrize("victim", ["child", "main", "all"])
def test_create_killed_after_the_upstream_made_it_finds_it_again(
    make_fleet: MakeFleet, victim: str
) -> None:
    fleet = make_fleet(E2E_KILL=victim)
    first = fleet.start_worker()
    made, job = service.create(fleet.engine, PROJECT, SPEC)
    if victim != "child":
        wait_until(lambda: first.status is not None, 20)
        assert fleet.job(job.id).state == "STARTED"
        fleet.start_worker()
    row = fleet.wait_for_state(job.id, "SUCCESS", seconds=40)
    assert row.attempts == 2
    record = _record(fleet, made.id)
    [seen] = _upstream(fleet).list_all()
    assert record.provisioning_status == "ACTIVE"
    assert record.upstream_id == seen.upstream_id
    calls = [method for method, _ in _upstream(fleet).list_calls()]
    assert calls.count("create_load_balancer") == 2


def test_create_that_kills_every_worker_ends_with_the_record_in_error(
    make_fleet: MakeFleet,
) -> None:
    fleet = make_fleet(E2E_KILL="all-always")
    made, job = service.create(fleet.engine, PROJECT, SPEC)
    with connect(fleet.engine) as connection:
        connection.exec_driver_sql("UPDATE jobs SET max_attempts = 2")
    worker = fleet.start_worker(is_awaited=False)
    deadline = time.monotonic() + 60
    while fleet.job(job.id).state != "FAILURE" and time.monotonic() < deadline:
        if worker.status is not None:
            worker = fleet.start_worker(is_awaited=False)
        time.sleep(0.1)
    assert fleet.job(job.id).error["code"] == "worker-lost"
    record = _record(fleet, made.id)
    assert record.provisioning_status == "ERROR"
    assert "worker was lost" in record.fault["message"]


def test_failing_upstream_is_tried_again_and_a_refusal_is_not(make_fleet: MakeFleet) -> None:
    fleet = make_fleet()
    upstream = _upstream(fleet)
    fleet.start_worker()
    throttled = UpstreamThrottled("Rate exceeded", retry_after_seconds=1.5)
    upstream.fail_next("create_load_balancer", throttled)
    made, job = service.create(fleet.engine, PROJECT, SPEC)
    retried = fleet.wait_for_state(job.id, "RETRY", "SUCCESS")
    assert retried.error["code"] == "upstream-throttled"
    assert (retried.run_at - retried.created_at).total_seconds() >= 1.5
    fleet.wait_for_state(job.id, "SUCCESS")
    assert _record(fleet, made.id).provisioning_status == "ACTIVE"

    upstream.fail_next("create_load_balancer", UpstreamRejected("No such subnet."))
    made, job = service.create(fleet.engine, PROJECT, SPEC)
    row = fleet.wait_for_state(job.id, "FAILURE")
    assert row.attempts == 1
    record = _record(fleet, made.id)
    assert record.provisioning_status == "ERROR"
    assert record.fault["message"] == "No such subnet."


def test_cancelled_create_that_reached_the_upstream_is_undone(make_fleet: MakeFleet) -> None:
    fleet = make_fleet(E2E_LOOKS=1000)
    upstream = _upstream(fleet)
    fleet.start_worker()
    made, job = service.create(fleet.engine, PROJECT, SPEC)
    wait_until(lambda: len(upstream.list_all()) == 1, 20)
    job_orders.cancel(fleet.engine, PROJECT, job.id)
    fleet.wait_for_state(job.id, "REVOKED", seconds=5)
    assert upstream.list_all() == []
    assert _record(fleet, made.id).provisioning_status == "ERROR"
    fleet.wait_until_queues_empty()
