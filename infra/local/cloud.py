"""What a customer's cloud has before the first load balancer: a network with two subnets."""

from __future__ import annotations

from collections.abc import Mapping

import boto3


def make_subnets(environment: Mapping[str, str]) -> tuple[str, str]:
    """Make a network in two zones of the local cloud; returns the ids of the subnets."""
    region = environment["AWS_REGION"]
    ec2 = boto3.client(
        "ec2",
        endpoint_url=environment["UPSTREAM_ENDPOINT_URL"],
        region_name=region,
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
    )
    network = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    first, second = (
        ec2.create_subnet(
            VpcId=network, CidrBlock=f"10.0.{number}.0/24", AvailabilityZone=f"{region}{zone}"
        )["Subnet"]["SubnetId"]
        for number, zone in enumerate("ab")
    )
    return first, second
