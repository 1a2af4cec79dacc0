"""Load balancers of the cloud that is none."""

from __future__ import annotations

from typing import Any

import msgspec

from chalicelib.domain.load_balancers import (
    LoadBalancerChange,
    LoadBalancerSpec,
    ObservedLoadBalancer,
    Zone,
)
from worker.upstream.errors import UpstreamRejected
from worker.upstream.memory.cloud import MemoryCloud


class MemoryLoadBalancers(MemoryCloud[LoadBalancerSpec, LoadBalancerChange, ObservedLoadBalancer]):
    """They stand in zones that are named after their subnets."""

    noun = "load_balancer"
    seen_type = ObservedLoadBalancer

    def make(self, upstream_id: str, spec: LoadBalancerSpec) -> ObservedLoadBalancer:
        """See `MemoryCloud`."""
        if not spec.subnet_ids:
            raise UpstreamRejected("A load balancer needs a subnet.")
        wanted = msgspec.structs.asdict(spec)
        return ObservedLoadBalancer(
            upstream_id=upstream_id,
            status="active",
            dns_name=f"{upstream_id}.example",
            network_id="memory-network",
            zones=_zones(wanted.pop("subnet_ids")),
            **wanted,
        )

    def changed(self, seen: ObservedLoadBalancer, wanted: dict[str, Any]) -> dict[str, Any]:
        """See `MemoryCloud`."""
        if "subnet_ids" in wanted:
            wanted["zones"] = _zones(wanted.pop("subnet_ids"))
        return wanted | {"attributes": seen.attributes | wanted.get("attributes", {})}


def _zones(subnet_ids: list[str]) -> list[Zone]:
    return [Zone(zone=f"zone-of-{subnet_id}", subnet_id=subnet_id) for subnet_id in subnet_ids]
