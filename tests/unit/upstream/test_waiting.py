"""Waiting for a load balancer is patient, but not for ever."""

from __future__ import annotations

import pytest

from chalicelib.domain.load_balancers import LoadBalancerSpec, ObservedLoadBalancer
from chalicelib.errors import JobCancelled
from worker.upstream.errors import (
    UpstreamBusy,
    UpstreamNotFound,
    UpstreamRejected,
    UpstreamThrottled,
)
from worker.upstream.memory.load_balancers import MemoryLoadBalancers
from worker.upstream.waiting import wait_until_active


class Clock:
    """Time that passes only when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 0.0
        self.naps: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.naps.append(seconds)
        self.now += seconds

    def read(self) -> float:
        return self.now


def make(looks: int) -> tuple[MemoryLoadBalancers, ObservedLoadBalancer]:
    upstream = MemoryLoadBalancers(looks_until_active=looks)
    spec = LoadBalancerSpec(name="x", subnet_ids=["subnet-1"])
    return upstream, upstream.create("token", spec)


def wait(
    upstream: MemoryLoadBalancers,
    observed: ObservedLoadBalancer,
    clock: Clock,
    seconds: float = 600,
) -> ObservedLoadBalancer:
    return wait_until_active(
        upstream, observed, timeout_seconds=seconds, sleep=clock.sleep, clock=clock.read
    )


def test_active_load_balancer_is_returned_without_sleep_or_question() -> None:
    upstream, observed = make(looks=0)
    clock = Clock()
    assert wait(upstream, observed, clock) is observed
    assert clock.naps == []
    assert len(upstream.list_calls()) == 1


def test_pauses_grow_from_one_second_to_fifteen() -> None:
    upstream, observed = make(looks=10)
    clock = Clock()
    assert wait(upstream, observed, clock).status == "active"
    assert clock.naps[0] == 1
    assert clock.naps == sorted(clock.naps)
    assert clock.naps[-1] == 15


def test_each_look_is_told() -> None:
    upstream, observed = make(looks=2)
    seen: list[str] = []
    wait_until_active(
        upstream, observed, sleep=lambda _: None, on_look=lambda look: seen.append(look.status)
    )
    assert seen == ["provisioning", "provisioning", "active"]


def test_listener_may_end_the_wait() -> None:
    def cancel(_: ObservedLoadBalancer) -> None:
        raise JobCancelled

    upstream, observed = make(looks=2)
    with pytest.raises(JobCancelled):
        wait_until_active(upstream, observed, sleep=lambda _: None, on_look=cancel)


def test_failed_load_balancer_ends_the_wait_with_the_upstreams_reason() -> None:
    upstream, observed = make(looks=9)
    upstream.break_down(observed.upstream_id, "No capacity in zone-1.")
    with pytest.raises(UpstreamRejected, match=r"No capacity in zone-1\."):
        wait(upstream, observed, Clock())


def test_time_out_is_retryable_and_punctual() -> None:
    upstream, observed = make(looks=1000)
    clock = Clock()
    with pytest.raises(UpstreamBusy, match="60 seconds"):
        wait(upstream, observed, clock, seconds=60)
    assert clock.now == 60


def test_new_load_balancer_that_is_listed_late_is_waited_for() -> None:
    upstream, observed = make(looks=1)
    for _ in range(3):
        upstream.fail_next("get_load_balancer", UpstreamNotFound())
    assert wait(upstream, observed, Clock()).status == "active"


def test_load_balancer_that_vanished_ends_the_wait() -> None:
    upstream, observed = make(looks=1)
    upstream.delete(observed.upstream_id)
    with pytest.raises(UpstreamNotFound):
        wait(upstream, observed, Clock())


def test_failed_look_is_the_callers_business() -> None:
    upstream, observed = make(looks=1)
    upstream.fail_next("get_load_balancer", UpstreamThrottled())
    with pytest.raises(UpstreamThrottled):
        wait(upstream, observed, Clock())
