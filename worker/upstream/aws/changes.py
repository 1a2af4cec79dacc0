"""Changes a load balancer at AWS, calling only for what differs."""

from __future__ import annotations

from typing import Any

from chalicelib.domain.load_balancers import LoadBalancerChange
from worker.upstream.aws.names import NAME_TAG, select_user_tags, to_tag_list
from worker.upstream.aws.reading import Description


def apply_change(client: Any, current: Description, change: LoadBalancerChange) -> None:
    """Make the load balancer match `change`; the part that already does is left alone.

    So an attempt that repeats an interrupted one does what is left to do.
    """
    _change_network(client, current, change)
    _change_security_groups(client, current, change)
    _change_tags(client, current, change)
    _change_attributes(client, current, change)


def _change_network(client: Any, current: Description, change: LoadBalancerChange) -> None:
    observed = current.to_observed()
    ip_address_type = change.ip_address_type
    if ip_address_type == observed.ip_address_type:
        ip_address_type = None
    if change.subnet_ids is not None and set(change.subnet_ids) != {
        zone.subnet_id for zone in observed.zones
    }:
        request: dict[str, Any] = {"SubnetMappings": _subnet_mappings(current, change.subnet_ids)}
        if ip_address_type:
            # In one call, because the new subnets may not do with the old type.
            request["IpAddressType"] = ip_address_type
        client.set_subnets(LoadBalancerArn=current.arn, **request)
    elif ip_address_type:
        client.set_ip_address_type(LoadBalancerArn=current.arn, IpAddressType=ip_address_type)


def _subnet_mappings(current: Description, subnet_ids: list[str]) -> list[dict[str, str]]:
    """Keep the static addresses of subnets that stay."""
    addresses = {
        zone["SubnetId"]: address
        for zone in current.raw.get("AvailabilityZones", [])
        for address in zone.get("LoadBalancerAddresses", [])
    }
    kept = ("AllocationId", "PrivateIPv4Address", "IPv6Address")
    return [
        {"SubnetId": subnet_id}
        | {key: value for key, value in addresses.get(subnet_id, {}).items() if key in kept}
        for subnet_id in subnet_ids
    ]


def _change_security_groups(client: Any, current: Description, change: LoadBalancerChange) -> None:
    wanted = change.security_group_ids
    if wanted is not None and set(wanted) != set(current.raw.get("SecurityGroups", [])):
        client.set_security_groups(LoadBalancerArn=current.arn, SecurityGroups=wanted)


def _change_tags(client: Any, current: Description, change: LoadBalancerChange) -> None:
    wanted = dict(change.tags or {})
    if change.tags is not None:
        surplus = sorted(select_user_tags(current.tags).keys() - wanted.keys())
        # Removed before others are added: AWS limits how many there may be at a time.
        if surplus:
            client.remove_tags(ResourceArns=[current.arn], TagKeys=surplus)
    if change.name is not None:
        wanted[NAME_TAG] = change.name
    if new := _differing(wanted, current.tags):
        client.add_tags(ResourceArns=[current.arn], Tags=to_tag_list(new))


def _change_attributes(client: Any, current: Description, change: LoadBalancerChange) -> None:
    if new := _differing(change.attributes or {}, current.attributes):
        client.modify_load_balancer_attributes(
            LoadBalancerArn=current.arn, Attributes=to_tag_list(new)
        )


def _differing(wanted: dict[str, str], current: dict[str, str]) -> dict[str, str]:
    return {key: value for key, value in wanted.items() if current.get(key) != value}
