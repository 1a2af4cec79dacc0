"""Contracts of the load balancer tasks."""

from __future__ import annotations

import msgspec

from chalicelib.broker.contracts import TaskContract
from chalicelib.broker.queues import NETWORK
from chalicelib.domain.jobs import RetryPolicy
from chalicelib.domain.load_balancers import LoadBalancerChange, LoadBalancerSpec

#: Upstreams have bad quarters of an hour: eight attempts spread over about that long.
_RETRY = RetryPolicy(max_attempts=8, base_seconds=2.0, cap_seconds=300.0)
_SOFT_SECONDS = 900.0
_HARD_SECONDS = 960.0


class CreateLoadBalancer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parameters of network.loadbalancers.create."""

    load_balancer_id: str
    spec: LoadBalancerSpec


class UpdateLoadBalancer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parameters of network.loadbalancers.update."""

    load_balancer_id: str
    upstream_id: str
    change: LoadBalancerChange


class DestroyLoadBalancer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parameters of network.loadbalancers.destroy.

    With no `upstream_id` on the record the balancer is looked for by the token that it was
    to be created with, in case it was made after all.
    """

    load_balancer_id: str
    upstream_id: str | None


class AddLoadBalancer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parameters of network.loadbalancers.add."""

    load_balancer_id: str
    upstream_id: str


CREATE = TaskContract(
    name="network.loadbalancers.create",
    description="Creates a load balancer upstream and waits until it is active.",
    parameters=CreateLoadBalancer,
    queue=NETWORK,
    retry=_RETRY,
    soft_time_limit_seconds=_SOFT_SECONDS,
    time_limit_seconds=_HARD_SECONDS,
    is_public=False,
)
UPDATE = TaskContract(
    name="network.loadbalancers.update",
    description="Changes a load balancer upstream.",
    parameters=UpdateLoadBalancer,
    queue=NETWORK,
    retry=_RETRY,
    soft_time_limit_seconds=_SOFT_SECONDS,
    time_limit_seconds=_HARD_SECONDS,
    is_public=False,
)
DESTROY = TaskContract(
    name="network.loadbalancers.destroy",
    description="Destroys a load balancer upstream; one that is gone already is a success.",
    parameters=DestroyLoadBalancer,
    queue=NETWORK,
    retry=_RETRY,
    soft_time_limit_seconds=_SOFT_SECONDS,
    time_limit_seconds=_HARD_SECONDS,
    is_public=False,
)
ADD = TaskContract(
    name="network.loadbalancers.add",
    description="Adopts a load balancer that already exists upstream.",
    parameters=AddLoadBalancer,
    queue=NETWORK,
    retry=_RETRY,
    soft_time_limit_seconds=_SOFT_SECONDS,
    time_limit_seconds=_HARD_SECONDS,
    is_public=False,
)
