"""Says in Bellpull's words what Octavia and Neutron say of a load balancer."""

from __future__ import annotations

import ipaddress
from typing import Any, Literal

from chalicelib.domain.load_balancers import ObservedLoadBalancer, Zone
from worker.upstream.errors import UpstreamRejected
from worker.upstream.openstack.names import decode_tags, read_type

#: Octavia's settings that a user may give as attributes, by the SDK's names.
ATTRIBUTES = {
    "admin_state_up": "is_admin_state_up",
    "availability_zone": "availability_zone",
    "description": "description",
    "flavor_id": "flavor_id",
    "provider": "provider",
    "vip_qos_policy_id": "vip_qos_policy_id",
}
#: Those of them that can be changed.
CHANGEABLE = frozenset({"admin_state_up", "description", "vip_qos_policy_id"})

_STATUSES: dict[str, Literal["provisioning", "active", "failed"]] = {
    "ACTIVE": "active",
    "ERROR": "failed",
}
_GONE = ("PENDING_DELETE", "DELETED")


def is_leaving(found: Any) -> bool:
    """Whether a load balancer is being deleted, or was and is still listed."""
    return found.provisioning_status in _GONE


def to_observed(found: Any, floating: Any, region: str) -> ObservedLoadBalancer:
    """`found`: of Octavia; `floating`: the public address of its VIP, None if it has none."""
    subnet_ids = [vip_subnet for vip_subnet, _ in _vips(found)]
    zone = found.availability_zone or region
    status = _STATUSES.get(found.provisioning_status, "provisioning")  # PENDING_ whatever
    return ObservedLoadBalancer(
        upstream_id=found.id,
        name=found.name or "",
        status=status,
        reason="Its provisioning_status at Octavia is ERROR." if status == "failed" else None,
        type="application" if read_type(found.tags) == "application" else "network",
        scheme="internal" if floating is None else "internet-facing",
        ip_address_type="dualstack" if _versions(found) == {4, 6} else "ipv4",
        vip_address=found.vip_address if floating is None else floating.floating_ip_address,
        network_id=found.vip_network_id,
        zones=[Zone(zone=zone, subnet_id=subnet_id) for subnet_id in subnet_ids if subnet_id],
        security_group_ids=list(found.vip_sg_ids or []),
        tags=decode_tags(found.tags or []),
        attributes=_read_attributes(found),
    )


def to_settings(attributes: dict[str, str]) -> dict[str, Any]:
    """Attributes by the SDK's names. Raises UpstreamRejected for what Octavia does not have."""
    if unknown := sorted(attributes.keys() - ATTRIBUTES.keys()):
        raise UpstreamRejected(
            f"Octavia has no attribute {unknown[0]!r}; those it has are "
            f"{', '.join(sorted(ATTRIBUTES))}."
        )
    return {ATTRIBUTES[name]: _parse(name, value) for name, value in attributes.items()}


def _parse(name: str, value: str) -> str | bool | None:
    if name != "admin_state_up":
        return value or None if name == "vip_qos_policy_id" else value
    if value not in ("true", "false"):
        raise UpstreamRejected("The attribute 'admin_state_up' is either true or false.")
    return value == "true"


def _read_attributes(found: Any) -> dict[str, str]:
    read = {name: getattr(found, ours) for name, ours in ATTRIBUTES.items()}
    told = {name: str(value) for name, value in read.items() if value not in (None, "")}
    return told | {"admin_state_up": "true" if found.is_admin_state_up else "false"}


def _vips(found: Any) -> list[tuple[str | None, str | None]]:
    """Subnet and address of each VIP, the first one first."""
    others = [(vip["subnet_id"], vip["ip_address"]) for vip in found.additional_vips or []]
    return [(found.vip_subnet_id, found.vip_address), *others]


def _versions(found: Any) -> set[int]:
    return {ipaddress.ip_address(address).version for _, address in _vips(found) if address}
