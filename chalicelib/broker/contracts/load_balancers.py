"""Contracts of the load balancer tasks."""

from __future__ import annotations

import msgspec

from chalicelib.broker.contracts import cloud_task
from chalicelib.domain.load_balancers import LoadBalancerChange, LoadBalancerSpec


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


CREATE = cloud_task(
    "network.loadbalancers.create",
    CreateLoadBalancer,
    "Creates a load balancer upstream and waits until it is active.",
)
UPDATE = cloud_task(
    "network.loadbalancers.update", UpdateLoadBalancer, "Changes a load balancer upstream."
)
DESTROY = cloud_task(
    "network.loadbalancers.destroy",
    DestroyLoadBalancer,
    "Destroys a load balancer upstream; one that is gone already is a success.",
)
ADD = cloud_task(
    "network.loadbalancers.add",
    AddLoadBalancer,
    "Adopts a load balancer that already exists upstream.",
)
