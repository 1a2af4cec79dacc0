"""Makes the upstreams that settings or records name; only modules of the one are imported."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.settings import Settings
    from worker.upstream.protocol import LoadBalancers, Servers


def build_load_balancers(settings: Settings, where: str) -> LoadBalancers:
    """Where load balancers are made; nothing is asked yet.

    `where`: aws, memory or openstack; after a colon the region of aws, for openstack the name
    in clouds.yaml.
    """
    cloud, _, place = where.partition(":")
    if cloud == "memory":
        from worker.upstream.memory.load_balancers import MemoryLoadBalancers

        return MemoryLoadBalancers(settings.upstream_memory_path)
    if cloud == "openstack":
        from worker.upstream.openstack.client import make_connection
        from worker.upstream.openstack.load_balancers import OctaviaLoadBalancers

        return OctaviaLoadBalancers(partial(make_connection, place or None))

    from worker.upstream.aws.client import make_client
    from worker.upstream.aws.load_balancers import AwsLoadBalancers

    endpoint_url = settings.upstream_endpoint_url
    return AwsLoadBalancers(partial(make_client, "elbv2", place or None, endpoint_url))


def build_servers(settings: Settings, where: str) -> Servers:
    """Where servers are made; the same for them."""
    cloud, _, place = where.partition(":")
    if cloud == "memory":
        from worker.upstream.memory.servers import MemoryServers

        return MemoryServers(settings.upstream_memory_path)
    if cloud == "openstack":
        from worker.upstream.openstack.client import make_connection
        from worker.upstream.openstack.servers import NovaServers

        return NovaServers(partial(make_connection, place or None))

    from worker.upstream.aws.client import make_client
    from worker.upstream.aws.servers import Ec2Servers

    return Ec2Servers(partial(make_client, "ec2", place or None, settings.upstream_endpoint_url))
