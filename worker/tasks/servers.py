"""Servers made true at the upstream."""

from __future__ import annotations

from typing import TYPE_CHECKING

from chalicelib.broker.contracts import servers as contracts
from chalicelib.domain.servers import ObservedServer
from chalicelib.services.servers import SERVERS
from worker.tasks import making
from worker.tasks.base import Job, implements
from worker.upstream.registry import build_servers

if TYPE_CHECKING:
    from worker.upstream.protocol import Servers


def get_upstream(job: Job, server_id: str) -> Servers:
    """Where this server is, or is to be."""
    return making.choose_upstream(job, SERVERS, server_id, build_servers)


@implements(contracts.CREATE)
def create(job: Job, wanted: contracts.CreateServer) -> ObservedServer:
    """Make it, and wait until it runs."""
    upstream = get_upstream(job, wanted.server_id)
    return making.create(job, upstream, wanted.server_id, wanted.spec)


@implements(contracts.UPDATE)
def update(job: Job, wanted: contracts.UpdateServer) -> ObservedServer:
    """Make it match the change."""
    upstream = get_upstream(job, wanted.server_id)
    return making.update(job, upstream, wanted.upstream_id, wanted.change)


@implements(contracts.DESTROY)
def destroy(job: Job, wanted: contracts.DestroyServer) -> dict[str, str | None]:
    """Remove it."""
    upstream = get_upstream(job, wanted.server_id)
    return making.destroy(upstream, wanted.server_id, wanted.upstream_id)


@implements(contracts.ADD)
def add(job: Job, wanted: contracts.ExistingServer) -> ObservedServer:
    """Look at one that exists."""
    upstream = get_upstream(job, wanted.server_id)
    return making.add(job, upstream, wanted.upstream_id, "server")


@implements(contracts.REBOOT)
def reboot(job: Job, wanted: contracts.ExistingServer) -> ObservedServer:
    """Reboot it, and wait until it runs."""
    upstream = get_upstream(job, wanted.server_id)
    return making.wait(job, upstream, upstream.reboot(wanted.upstream_id))
