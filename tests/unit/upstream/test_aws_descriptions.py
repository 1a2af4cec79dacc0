"""What AWS describes is said, and changed, without loss."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.stub import Stubber

from chalicelib.domain.load_balancers import LoadBalancerChange, LoadBalancerSpec
from worker.upstream.aws.changes import apply_change
from worker.upstream.aws.client import make_client
from worker.upstream.aws.load_balancers import AwsLoadBalancers
from worker.upstream.aws.reading import Description
from worker.upstream.errors import UpstreamBusy, UpstreamNotFound

ARN = "arn:aws:elasticloadbalancing:us-east-1:123456789012:loadbalancer/net/x/0123456789abcdef"


def zone(letter: str, **address: str) -> dict[str, Any]:
    return {
        "ZoneName": f"us-east-1{letter}",
        "SubnetId": f"subnet-{letter}",
        "LoadBalancerAddresses": [address] if address else [],
    }


def describe(**overrides: Any) -> Description:
    raw = {
        "LoadBalancerArn": ARN,
        "LoadBalancerName": "x",
        "Type": "network",
        "Scheme": "internal",
        "IpAddressType": "ipv4",
        "State": {"Code": "active"},
        "AvailabilityZones": [zone("a")],
    }
    return Description(raw=raw | overrides, tags={}, attributes={})


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("provisioning", "provisioning"),
        ("active", "active"),
        ("active_impaired", "active"),
        ("failed", "failed"),
        ("a word of next year", "provisioning"),
    ],
)
def test_state_at_aws_becomes_status(code: str, status: str) -> None:
    assert describe(State={"Code": code}).to_observed().status == status


def test_reason_for_a_failure_is_kept() -> None:
    observed = describe(State={"Code": "failed", "Reason": "No capacity."}).to_observed()
    assert observed.reason == "No capacity."


@pytest.mark.parametrize("key", ["IpAddress", "PrivateIPv4Address"])
def test_first_static_address_is_the_vip(key: str) -> None:
    zones = [zone("a"), zone("b", **{key: "192.0.2.7"})]
    assert describe(AvailabilityZones=zones).to_observed().vip_address == "192.0.2.7"


def test_dualstack_without_public_ipv4_is_dualstack() -> None:
    observed = describe(IpAddressType="dualstack-without-public-ipv4").to_observed()
    assert observed.ip_address_type == "dualstack"


def test_gateway_load_balancer_is_not_found() -> None:
    client = make_client("elbv2", "us-east-1")
    with Stubber(client) as stubber:
        answer = {"LoadBalancers": [describe(Type="gateway").raw]}
        stubber.add_response("describe_load_balancers", answer)
        with pytest.raises(UpstreamNotFound):
            AwsLoadBalancers(lambda: client).get(ARN)


def test_new_subnets_and_address_type_go_in_one_call_that_keeps_static_addresses() -> None:
    zones = [zone("a", IpAddress="192.0.2.7", AllocationId="eipalloc-1"), zone("b")]
    request = {
        "LoadBalancerArn": ARN,
        "SubnetMappings": [
            {"SubnetId": "subnet-a", "AllocationId": "eipalloc-1"},
            {"SubnetId": "subnet-c"},
        ],
        "IpAddressType": "dualstack",
    }
    change = LoadBalancerChange(subnet_ids=["subnet-a", "subnet-c"], ip_address_type="dualstack")
    client = make_client("elbv2", "us-east-1")
    with Stubber(client) as stubber:
        stubber.add_response("set_subnets", {}, request)
        apply_change(client, describe(AvailabilityZones=zones), change)
        stubber.assert_no_pending_responses()


def test_one_made_but_not_listed_yet_is_retried() -> None:
    client = make_client("elbv2", "us-east-1")
    with Stubber(client) as stubber:
        stubber.add_client_error("describe_load_balancers", "LoadBalancerNotFound")
        stubber.add_response("create_load_balancer", {"LoadBalancers": [describe().raw]})
        stubber.add_client_error("modify_load_balancer_attributes", "LoadBalancerNotFound")
        spec = LoadBalancerSpec(name="x", subnet_ids=["subnet-a"], attributes={"a": "b"})
        with pytest.raises(UpstreamBusy):
            AwsLoadBalancers(lambda: client).create("token", spec)
