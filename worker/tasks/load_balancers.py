"""Load balancers made true at the upstream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.broker.contracts import load_balancers as contracts
from chalicelib.domain.load_balancers import ObservedLoadBalancer
from chalicelib.services.load_balancers import LOAD_BALANCERS
from worker.tasks import making
from worker.tasks.base import Job, implements
from worker.upstream.registry import build_load_balancers

if TYPE_CHECKING:
    from worker.upstream.protocol import LoadBalancers


def get_upstream(job: Job, load_balancer_id: str) -> LoadBalancers:
    """Where this load balancer is, or is to be."""
    return making.choose_upstream(job, LOAD_BALANCERS, load_balancer_id, build_load_balancers)


@implements(contracts.CREATE)
def create(job: Job, wanted: contracts.CreateLoadBalancer) -> ObservedLoadBalancer:
    """Make it, and wait until it is active."""
    upstream = get_upstream(job, wanted.load_balancer_id)
    return making.create(job, upstream, wanted.load_balancer_id, wanted.spec)


@implements(contracts.UPDATE)
def update(job: Job, wanted: contracts.UpdateLoadBalancer) -> ObservedLoadBalancer:
    """Make it match the change."""
    upstream = get_upstream(job, wanted.load_balancer_id)
    return making.update(job, upstream, wanted.upstream_id, wanted.change)


@implements(contracts.DESTROY)
def destroy(job: Job, wanted: contracts.DestroyLoadBalancer) -> dict[str, str | None]:
    """Remove it."""
    upstream = get_upstream(job, wanted.load_balancer_id)
    return making.destroy(upstream, wanted.load_balancer_id, wanted.upstream_id)


@implements(contracts.ADD)
def add(job: Job, wanted: contracts.AddLoadBalancer) -> ObservedLoadBalancer:
    """Look at one that exists."""
    upstream = get_upstream(job, wanted.load_balancer_id)
    return making.add(job, upstream, wanted.upstream_id, "load balancer")
