"""Each cloud that Bellpull can drive, empty, with a network to build load balancers in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectionClosedError
from moto import mock_aws

from chalicelib.domain.load_balancers import LoadBalancerSpec
from worker.upstream.aws.client import make_client
from worker.upstream.aws.load_balancers import AwsUpstream
from worker.upstream.memory import MemoryUpstream
from worker.upstream.protocol import Upstream

REGION = "us-east-1"
UNKNOWN_ARN = (
    f"arn:aws:elasticloadbalancing:{REGION}:123456789012:loadbalancer/net/none/0123456789abcdef"
)


@dataclass
class Cloud:
    """An upstream, and the ids of what it has."""

    upstream: Upstream
    count: Callable[[], int]
    subnet_ids: list[str]
    security_group_ids: list[str]
    unknown_id: str

    def spec(self, **overrides: Any) -> LoadBalancerSpec:
        """A specification that this cloud can fulfil."""
        fields: dict[str, Any] = {"name": "shop front", "subnet_ids": self.subnet_ids[:2]}
        return LoadBalancerSpec(**(fields | overrides))


class Wire:
    """The line between a boto3 client and AWS: it notes what is sent, and can be cut."""

    def __init__(self, client: Any) -> None:
        self.sent: list[str] = []
        self._cut_at: str | None = None
        client.meta.events.register("before-call.elastic-load-balancing-v2", self._pass)

    def cut_at_next(self, operation: str) -> None:
        """Break the connection when this operation is next sent, before AWS hears of it."""
        self._cut_at = operation

    def changes(self) -> list[str]:
        """The operations sent that change something."""
        return [operation for operation in self.sent if not operation.startswith("Describe")]

    def _pass(self, model: Any, **_: Any) -> None:
        if model.name == self._cut_at:
            self._cut_at = None
            raise ConnectionClosedError(endpoint_url="https://elb.example")
        self.sent.append(model.name)


@dataclass
class AwsCloud(Cloud):
    """AWS as moto plays it, with its client and the wire to it."""

    client: Any
    wire: Wire


@pytest.fixture(scope="session")
def ec2() -> Any:
    """One client for all tests: reading EC2's model takes longer than any of them."""
    keys = {"aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    return boto3.client("ec2", region_name=REGION, **keys)


@pytest.fixture
def aws_cloud(monkeypatch: pytest.MonkeyPatch, ec2: Any) -> Iterator[AwsCloud]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        client = make_client(REGION)
        # Moto's default network has one subnet in each zone. It asks network load balancers,
        # too, for two zones when subnets are changed, so tests always use two.
        subnets = ec2.describe_subnets()["Subnets"]
        yield AwsCloud(
            upstream=AwsUpstream(lambda: client),
            count=lambda: len(client.describe_load_balancers()["LoadBalancers"]),
            subnet_ids=[subnet["SubnetId"] for subnet in subnets[:3]],
            security_group_ids=[
                ec2.create_security_group(GroupName=name, Description=name)["GroupId"]
                for name in ("front", "back")
            ],
            unknown_id=UNKNOWN_ARN,
            client=client,
            wire=Wire(client),
        )


@pytest.fixture(params=["memory", "memory in a file", "aws"])
def cloud(request: pytest.FixtureRequest, tmp_path: Path) -> Cloud:
    if request.param == "aws":
        found: Cloud = request.getfixturevalue("aws_cloud")
        return found
    path = str(tmp_path / "cloud.sqlite") if request.param == "memory in a file" else None
    upstream = MemoryUpstream(path, looks_until_active=1)
    return Cloud(
        upstream=upstream,
        count=lambda: len(upstream.list_load_balancers()),
        subnet_ids=["subnet-1", "subnet-2", "subnet-3"],
        security_group_ids=["group-1", "group-2"],
        unknown_id="memory-none",
    )
