"""`python -m infra.local.cloud` makes a network in the local cloud and prints its two subnets.

A customer's cloud has such a network long before its first load balancer.
"""

from __future__ import annotations

import os

import boto3


def make_subnets(endpoint_url: str) -> list[str]:
    """Make a network with a subnet in each of two zones; returns the ids of the subnets."""
    ec2 = boto3.client("ec2", endpoint_url=endpoint_url)
    network = ec2.create_vpc(CidrBlock="10.0.0.0/16")["Vpc"]["VpcId"]
    subnets = [
        ec2.create_subnet(
            VpcId=network,
            CidrBlock=f"10.0.{number}.0/24",
            AvailabilityZone=f"{ec2.meta.region_name}{zone}",
        )
        for number, zone in enumerate("ab")
    ]
    return [subnet["Subnet"]["SubnetId"] for subnet in subnets]


if __name__ == "__main__":
    print(*make_subnets(os.environ["UPSTREAM_ENDPOINT_URL"]))
