"""Makes the upstreams that settings name; only the modules of the one chosen are imported."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.domain.load_balancers import (
        LoadBalancerChange,
        LoadBalancerSpec,
        ObservedLoadBalancer,
    )
    from chalicelib.settings import Settings
    from worker.upstream.protocol import Upstream

    LoadBalancers = Upstream[LoadBalancerSpec, LoadBalancerChange, ObservedLoadBalancer]


def build_load_balancers(settings: Settings, cloud: str, place: str | None) -> LoadBalancers:
    """Where load balancers are made; nothing is asked yet.

    `cloud`: aws, memory or openstack; `place`: the region of aws, for openstack the name in
    clouds.yaml, None: what the settings say.
    """
    if cloud == "memory":
        from worker.upstream.memory.load_balancers import MemoryLoadBalancers

        return MemoryLoadBalancers(settings.upstream_memory_path)
    if cloud == "openstack":
        from worker.upstream.openstack.client import make_connection
        from worker.upstream.openstack.load_balancers import OctaviaLoadBalancers

        return OctaviaLoadBalancers(partial(make_connection, place or settings.openstack_cloud))

    from worker.upstream.aws.client import make_client
    from worker.upstream.aws.load_balancers import AwsLoadBalancers

    region = place or settings.aws_region
    return AwsLoadBalancers(partial(make_client, "elbv2", region, settings.upstream_endpoint_url))
