"""What a load balancer is, which states its record has, and which changes each permits."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

import msgspec


class ProvisioningStatus(StrEnum):
    """State of a load balancer's record; the words are those of OpenStack Octavia."""

    PENDING_CREATE = "PENDING_CREATE"
    ACTIVE = "ACTIVE"
    PENDING_UPDATE = "PENDING_UPDATE"
    PENDING_DELETE = "PENDING_DELETE"
    DELETED = "DELETED"
    ERROR = "ERROR"


#: States in which a record may be updated. Octavia permits ACTIVE alone; here an update may
#: also mend one in ERROR that exists upstream, since an update that the upstream refused
#: would otherwise cost its owner the load balancer.
MUTABLE = frozenset({ProvisioningStatus.ACTIVE, ProvisioningStatus.ERROR})
#: States in which a record may be destroyed (Octavia's DELETABLE_STATUSES).
DELETABLE = frozenset({ProvisioningStatus.ACTIVE, ProvisioningStatus.ERROR})


class LoadBalancerSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What a load balancer should be: the user's words, the same for each upstream."""

    name: str
    type: Literal["application", "network"] = "network"
    scheme: Literal["internal", "internet-facing"] = "internal"
    ip_address_type: Literal["ipv4", "dualstack"] = "ipv4"
    subnet_ids: list[str]
    security_group_ids: list[str] = []
    tags: dict[str, str] = {}
    #: Upstream's own settings by their upstream name, e.g. {"idle_timeout.timeout_seconds": "120"}.
    attributes: dict[str, str] = {}


class LoadBalancerChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an update changes; a field that is None stays as it is.

    `subnet_ids`, `security_group_ids` and `tags` replace the whole of what was there;
    `attributes` are merged by name.
    """

    name: str | None = None
    ip_address_type: Literal["ipv4", "dualstack"] | None = None
    subnet_ids: list[str] | None = None
    security_group_ids: list[str] | None = None
    tags: dict[str, str] | None = None
    attributes: dict[str, str] | None = None


class Zone(msgspec.Struct, frozen=True, kw_only=True):
    """One zone that a load balancer stands in."""

    zone: str
    subnet_id: str


class ObservedLoadBalancer(msgspec.Struct, frozen=True, kw_only=True):
    """What the upstream says a load balancer is."""

    upstream_id: str
    name: str
    #: The upstream's progress: only "active" makes a record ACTIVE.
    status: Literal["provisioning", "active", "failed"]
    type: Literal["application", "network"]
    scheme: Literal["internal", "internet-facing"]
    ip_address_type: Literal["ipv4", "dualstack"] = "ipv4"
    dns_name: str | None = None
    vip_address: str | None = None
    network_id: str | None = None
    zones: list[Zone] = []
    security_group_ids: list[str] = []
    #: The user's tags; those that Bellpull itself sets are left out.
    tags: dict[str, str] = {}
    attributes: dict[str, str] = {}
    #: The upstream's words on why `status` is "failed".
    reason: str | None = None
