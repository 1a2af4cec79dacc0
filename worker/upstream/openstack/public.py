"""Public addresses of load balancers: floating IPs of Neutron on the port of the VIP."""

from __future__ import annotations

from typing import Any

from worker.upstream.errors import UpstreamRejected
from worker.upstream.openstack.subnets import read_subnet

#: By this description we know the ones that we made, and may delete.
_OURS = "Made by Bellpull for a load balancer."


def find_floating(network: Any, port_id: str | None) -> Any | None:
    """The floating IP on a port, None if there is none."""
    return next(iter(network.ips(port_id=port_id)), None) if port_id else None


def ensure_floating(network: Any, port_id: str) -> Any:
    """The floating IP on a port: the one it has, or a new one.

    Raises UpstreamRejected if the cloud has no network of public addresses.
    """
    if found := find_floating(network, port_id):
        return found
    external = list(network.networks(is_router_external=True))
    if not external:
        raise UpstreamRejected("This cloud has no external network, so nothing can face the net.")
    chosen = next((each for each in external if each.is_default), external[0])
    return network.create_ip(floating_network_id=chosen.id, port_id=port_id, description=_OURS)


def release_floating(network: Any, port_id: str | None) -> None:
    """Give back the floating IP on a port, if we made it."""
    found = find_floating(network, port_id)
    if found is not None and found.description == _OURS:
        network.delete_ip(found)


def require_both_versions(network: Any, subnet_ids: list[str]) -> None:
    """Raise UpstreamRejected unless there are IPv4 and IPv6 subnets among these."""
    versions = {read_subnet(network, subnet_id).ip_version for subnet_id in subnet_ids}
    if versions != {4, 6}:
        raise UpstreamRejected(
            "dualstack takes a subnet of IPv4 and one of IPv6 in one network; "
            f"those given are of IPv{' and IPv'.join(map(str, sorted(versions)))} alone."
        )
