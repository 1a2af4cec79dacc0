"""Load balancers made true at the upstream."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

from chalicelib.broker.contracts import load_balancers as contracts
from chalicelib.domain.load_balancers import ObservedLoadBalancer
from chalicelib.settings import get_settings
from worker.tasks import making
from worker.tasks.base import Job, implements
from worker.upstream.registry import build_load_balancers

if TYPE_CHECKING:
    from worker.upstream.registry import LoadBalancers


def get_upstream(project_id: str) -> LoadBalancers:
    """The upstream of a project, one for all that share it in this process."""
    return _get_upstream(*get_settings().upstream_of(project_id))


@lru_cache(maxsize=64)
def _get_upstream(cloud: str, place: str | None) -> LoadBalancers:
    return build_load_balancers(get_settings(), cloud, place)


@implements(contracts.CREATE)
def create(job: Job, wanted: contracts.CreateLoadBalancer) -> ObservedLoadBalancer:
    """Make it, and wait until it is active."""
    return making.create(job, get_upstream(job.project_id), wanted.load_balancer_id, wanted.spec)


@implements(contracts.UPDATE)
def update(job: Job, wanted: contracts.UpdateLoadBalancer) -> ObservedLoadBalancer:
    """Make it match the change."""
    return making.update(job, get_upstream(job.project_id), wanted.upstream_id, wanted.change)


@implements(contracts.DESTROY)
def destroy(job: Job, wanted: contracts.DestroyLoadBalancer) -> dict[str, str | None]:
    """Remove it."""
    upstream = get_upstream(job.project_id)
    return making.destroy(upstream, wanted.load_balancer_id, wanted.upstream_id)


@implements(contracts.ADD)
def add(job: Job, wanted: contracts.AddLoadBalancer) -> ObservedLoadBalancer:
    """Look at one that exists."""
    return making.add(job, get_upstream(job.project_id), wanted.upstream_id, "load balancer")
