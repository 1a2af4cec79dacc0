"""What a load balancer is: asked for, changed, seen."""

from __future__ import annotations

from typing import Literal

import msgspec

from chalicelib.domain.records import Observed


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


class ObservedLoadBalancer(Observed, frozen=True, kw_only=True):
    """What the upstream says a load balancer is."""

    type: Literal["application", "network"]
    scheme: Literal["internal", "internet-facing"]
    ip_address_type: Literal["ipv4", "dualstack"] = "ipv4"
    dns_name: str | None = None
    vip_address: str | None = None
    network_id: str | None = None
    zones: list[Zone] = msgspec.field(default_factory=list)
    security_group_ids: list[str] = msgspec.field(default_factory=list)
    attributes: dict[str, str] = msgspec.field(default_factory=dict)

    @property
    def subnet_ids(self) -> list[str]:
        """The subnets that it stands in."""
        return [zone.subnet_id for zone in self.zones]
