"""The memory upstream fails when, and how, a test says."""

from __future__ import annotations

import pytest

from chalicelib.domain.load_balancers import LoadBalancerSpec
from chalicelib.errors import JobCancelled
from worker.upstream.errors import UpstreamQuotaExceeded, UpstreamUnavailable
from worker.upstream.memory.load_balancers import MemoryLoadBalancers

SPEC = LoadBalancerSpec(name="x", subnet_ids=["subnet-1"])


class WorkerDied(BaseException):
    """What a worker that is killed would do."""


def die() -> None:
    raise WorkerDied


def test_queued_failures_are_raised_once_each_in_order_and_without_effect() -> None:
    upstream = MemoryLoadBalancers()
    upstream.fail_next("create_load_balancer", UpstreamUnavailable())
    upstream.fail_next("create_load_balancer", UpstreamQuotaExceeded("No more."))
    assert upstream.find("token") is None
    with pytest.raises(UpstreamUnavailable):
        upstream.create("token", SPEC)
    with pytest.raises(UpstreamQuotaExceeded, match=r"No more\."):
        upstream.create("token", SPEC)
    assert upstream.list_all() == []
    assert upstream.create("token", SPEC).status == "active"


def test_errors_outside_the_families_cannot_be_queued() -> None:
    with pytest.raises(TypeError, match="JobCancelled"):
        MemoryLoadBalancers().fail_next("get_load_balancer", JobCancelled())  # type: ignore[arg-type]


def test_worker_may_die_after_the_effect_and_before_the_answer() -> None:
    upstream = MemoryLoadBalancers()
    upstream.after_next("create_load_balancer", die)
    with pytest.raises(WorkerDied):
        upstream.create("token", SPEC)
    (made,) = upstream.list_all()
    assert upstream.create("token", SPEC) == made
    assert upstream.list_all() == [made]


def test_load_balancer_is_provisioning_for_as_many_looks_as_told() -> None:
    upstream = MemoryLoadBalancers(looks_until_active=2)
    made = upstream.create("token", SPEC)
    looks = [upstream.get(made.upstream_id).status for _ in range(4)]
    assert looks == ["provisioning", "provisioning", "active", "active"]


def test_calls_are_recorded_with_their_token_or_id() -> None:
    upstream = MemoryLoadBalancers()
    made = upstream.create("token", SPEC)
    upstream.delete(made.upstream_id)
    assert upstream.list_calls() == [
        ("create_load_balancer", "token"),
        ("delete_load_balancer", made.upstream_id),
    ]
