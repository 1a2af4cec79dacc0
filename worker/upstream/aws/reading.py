"""Reads load balancers from AWS, and says what was read in Bellpull's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from botocore.exceptions import ClientError

from chalicelib.domain.load_balancers import ObservedLoadBalancer, Zone
from worker.upstream.aws.names import NAME_TAG, select_user_tags

_STATUSES: dict[str, Literal["provisioning", "active", "failed"]] = {
    "provisioning": "provisioning",
    "active": "active",
    # It serves, though AWS cannot scale it at the moment.
    "active_impaired": "active",
    "failed": "failed",
}


@dataclass(frozen=True)
class Description:
    """One load balancer as AWS describes it; `raw` is its entry in DescribeLoadBalancers."""

    raw: dict[str, Any]
    tags: dict[str, str]
    attributes: dict[str, str]

    @property
    def arn(self) -> str:
        """The Amazon Resource Name, which is Bellpull's upstream id."""
        return str(self.raw["LoadBalancerArn"])

    def to_observed(self) -> ObservedLoadBalancer:
        """Return the same in the words that all upstreams share."""
        raw = self.raw
        state = raw["State"]
        zones = raw.get("AvailabilityZones", [])
        return ObservedLoadBalancer(
            upstream_id=self.arn,
            name=self.tags.get(NAME_TAG) or raw["LoadBalancerName"],
            # A word that AWS has added since: not known to serve, so not active.
            status=_STATUSES.get(state["Code"], "provisioning"),
            reason=state.get("Reason"),
            type=raw["Type"],
            scheme=raw["Scheme"],
            # "dualstack-without-public-ipv4", seen on adopted ones, is a kind of dualstack.
            ip_address_type="ipv4" if raw.get("IpAddressType", "ipv4") == "ipv4" else "dualstack",
            dns_name=raw.get("DNSName"),
            vip_address=_first_static_address(zones),
            network_id=raw.get("VpcId"),
            zones=[Zone(zone=zone["ZoneName"], subnet_id=zone["SubnetId"]) for zone in zones],
            security_group_ids=list(raw.get("SecurityGroups", [])),
            tags=select_user_tags(self.tags),
            attributes=self.attributes,
        )


def describe(client: Any, *, arn: str | None = None, name: str | None = None) -> Description | None:
    """Read the application or network load balancer with this ARN or name, None if none is."""
    which = {"LoadBalancerArns": [arn]} if arn is not None else {"Names": [name]}
    try:
        raw = client.describe_load_balancers(**which)["LoadBalancers"][0]
        if raw["Type"] not in ("application", "network"):
            return None
        arn = raw["LoadBalancerArn"]
        tags = client.describe_tags(ResourceArns=[arn])["TagDescriptions"][0]["Tags"]
        attributes = client.describe_load_balancer_attributes(LoadBalancerArn=arn)["Attributes"]
    except ClientError as error:
        # A ValidationError is about the ARN: malformed, or of another account or region.
        if error.response["Error"]["Code"] in ("LoadBalancerNotFound", "ValidationError"):
            return None
        raise
    return Description(raw=raw, tags=_to_dict(tags), attributes=_to_dict(attributes))


def _to_dict(pairs: list[dict[str, str]]) -> dict[str, str]:
    return {pair["Key"]: pair.get("Value", "") for pair in pairs}


def _first_static_address(zones: list[dict[str, Any]]) -> str | None:
    for zone in zones:
        for address in zone.get("LoadBalancerAddresses", []):
            if found := address.get("IpAddress") or address.get("PrivateIPv4Address"):
                return str(found)
    return None
