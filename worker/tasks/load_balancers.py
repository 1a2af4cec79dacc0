"""Load balancers made true at the upstream."""

from __future__ import annotations

import logging
import time
from functools import lru_cache

from chalicelib.broker.contracts import load_balancers as contracts
from chalicelib.domain.load_balancers import ObservedLoadBalancer
from chalicelib.errors import JobCancelled, RetryableError
from chalicelib.settings import get_settings
from worker.tasks.base import Job, implements
from worker.upstream.errors import UpstreamNotFound
from worker.upstream.protocol import Upstream
from worker.upstream.registry import build_upstream
from worker.upstream.waiting import wait_until_active

logger = logging.getLogger(__name__)


def get_upstream(project_id: str) -> Upstream:
    """The upstream of a project, one for all that share it in this process."""
    return _get_upstream(*get_settings().upstream_of(project_id))


@lru_cache(maxsize=64)
def _get_upstream(kind: str, place: str | None) -> Upstream:
    return build_upstream(get_settings(), kind, place)


@implements(contracts.CREATE)
def create(job: Job, parameters: contracts.CreateLoadBalancer) -> ObservedLoadBalancer:
    """Make it upstream, or find what an earlier attempt made, and wait until it is active.

    The record's id is the token that makes the upstream's create idempotent.
    """
    upstream, token = get_upstream(job.project_id), parameters.load_balancer_id
    try:
        seen = upstream.create_load_balancer(token, parameters.spec)
        return _wait(job, upstream, seen)
    except JobCancelled:
        _undo(upstream, token)
        raise


@implements(contracts.UPDATE)
def update(job: Job, parameters: contracts.UpdateLoadBalancer) -> ObservedLoadBalancer:
    """Make it match the change."""
    upstream = get_upstream(job.project_id)
    seen = upstream.update_load_balancer(parameters.upstream_id, parameters.change)
    return _wait(job, upstream, seen)


@implements(contracts.DESTROY)
def destroy(job: Job, parameters: contracts.DestroyLoadBalancer) -> dict[str, str | None]:
    """Remove it, whether its id is known or only the token that it was to be made with."""
    upstream, upstream_id = get_upstream(job.project_id), parameters.upstream_id
    if upstream_id is None:
        found = upstream.find_load_balancer(parameters.load_balancer_id)
        upstream_id = found.upstream_id if found else None
    if upstream_id is not None:
        upstream.delete_load_balancer(upstream_id)
    return {"upstream_id": upstream_id}


@implements(contracts.ADD)
def add(job: Job, parameters: contracts.AddLoadBalancer) -> ObservedLoadBalancer:
    """Look at one that exists; its record takes over what is seen."""
    upstream = get_upstream(job.project_id)
    try:
        seen = upstream.get_load_balancer(parameters.upstream_id)
    except UpstreamNotFound as error:
        raise UpstreamNotFound(
            f"There is no load balancer {parameters.upstream_id} upstream: "
            "check the id, and that it is in the region that this system works in."
        ) from error
    return _wait(job, upstream, seen)


def _wait(job: Job, upstream: Upstream, seen: ObservedLoadBalancer) -> ObservedLoadBalancer:
    """Wait until it is active, and tell meanwhile what is waited for."""
    began = time.monotonic()

    def tell(seen: ObservedLoadBalancer) -> None:
        if seen.status == "provisioning":
            seconds = time.monotonic() - began
            job.progress(message=f"{seen.upstream_id} is provisioning since {seconds:.0f} s")

    tell(seen)
    return wait_until_active(upstream, seen, on_look=tell)


def _undo(upstream: Upstream, token: str) -> None:
    """Destroy what a cancelled create had made; if that fails the record still says ERROR."""
    try:
        if found := upstream.find_load_balancer(token):
            upstream.delete_load_balancer(found.upstream_id)
            logger.info("cancelled create undone: upstream_id=%s", found.upstream_id)
    except RetryableError as error:
        logger.warning("cancelled create not undone: token=%s error=%s", token, error)
