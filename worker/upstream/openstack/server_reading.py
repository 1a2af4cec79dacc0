"""Says in Bellpull's words what Nova and Neutron say of a server."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.records import Progress
from chalicelib.domain.servers import ObservedServer

#: What a server that exists may be without being on its way to something else.
_SETTLED = frozenset(
    {
        "ACTIVE",
        "PAUSED",
        "RESCUE",
        "SHELVED",
        "SHELVED_OFFLOADED",
        "SHUTOFF",
        "SUSPENDED",
        "VERIFY_RESIZE",
    }
)


def is_leaving(found: Any) -> bool:
    """Whether a server is being deleted, or was and is still listed."""
    return found.status in ("DELETED", "SOFT_DELETED") or found.task_state == "deleting"


def fault_of(found: Any) -> str:
    """Nova's own words on why a server is in ERROR."""
    return str((found.fault or {}).get("message") or "Its status at Nova is ERROR.")


def to_observed(found: Any, ports: list[Any]) -> ObservedServer:
    """`found`: of Nova; `ports`: those that Neutron has for it, none until it is scheduled."""
    status = _status(found)
    fixed = [fixed_ip for port in ports for fixed_ip in port.fixed_ips or []]
    groups = {group: None for port in ports for group in port.security_group_ids or []}
    return ObservedServer(
        upstream_id=found.id,
        name=found.name or "",
        status=status,
        reason=fault_of(found) if status == "failed" else None,
        image_id=_image_id(found),
        flavor=_flavor(found),
        subnet_id=fixed[0]["subnet_id"] if fixed else None,
        network_id=ports[0].network_id if ports else None,
        zone=found.availability_zone or None,
        private_ip_address=fixed[0]["ip_address"] if fixed else None,
        public_ip_address=_floating_address(found),
        key_name=found.key_name,
        security_group_ids=list(groups),
        tags=dict(found.metadata or {}),
    )


def _status(found: Any) -> Progress:
    if found.status == "ERROR":
        return "failed"
    return "active" if found.status in _SETTLED else "provisioning"  # BUILD, REBOOT, whatever


def _image_id(found: Any) -> str | None:
    """None of a server that was started from a volume: Nova says "" then."""
    id_ = getattr(found.image, "id", None)
    return str(id_) if id_ else None


def _flavor(found: Any) -> str | None:
    """Its name since microversion 2.47, its id before."""
    flavor = found.flavor
    return None if flavor is None else flavor.original_name or flavor.id


def _floating_address(found: Any) -> str | None:
    for addresses in (found.addresses or {}).values():
        for address in addresses:
            if address.get("OS-EXT-IPS:type") == "floating":
                return str(address["addr"])
    return None
