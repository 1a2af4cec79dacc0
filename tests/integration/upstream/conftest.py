"""Each cloud that Bellpull can drive, empty, with a network to build load balancers in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.exceptions import ConnectionClosedError
from moto import mock_aws

from chalicelib.domain.load_balancers import LoadBalancerChange, LoadBalancerSpec
from tests.fakes.openstack.cloud import OpenStackCloud, run_openstack
from worker.upstream.aws.client import make_client
from worker.upstream.aws.load_balancers import AwsLoadBalancers
from worker.upstream.memory.load_balancers import MemoryLoadBalancers
from worker.upstream.openstack.client import make_connection
from worker.upstream.openstack.load_balancers import OctaviaLoadBalancers
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
    #: Settings by the cloud's own names, and another one that an update may bring.
    attributes: dict[str, str] = field(
        default_factory=lambda: {"load_balancing.cross_zone.enabled": "true"}
    )
    other_attributes: dict[str, str] = field(
        default_factory=lambda: {"access_logs.s3.prefix": "shop"}
    )
    #: Whether an update can move a load balancer to other subnets, and to other types of address.
    can_move: bool = True

    def spec(self, **overrides: Any) -> LoadBalancerSpec:
        """A specification that this cloud can fulfil."""
        fields: dict[str, Any] = {"name": "shop front", "subnet_ids": self.subnet_ids[:2]}
        return LoadBalancerSpec(**(fields | overrides))

    @property
    def other_subnet_ids(self) -> list[str]:
        """Where an update can move a load balancer."""
        return self.subnet_ids[1:] if self.can_move else self.subnet_ids[:2]

    @property
    def some_change(self) -> LoadBalancerChange:
        """A change that this cloud can make."""
        if self.can_move:
            return LoadBalancerChange(ip_address_type="dualstack")
        return LoadBalancerChange(name="shop back")


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


@dataclass(kw_only=True)
class AwsCloud(Cloud):
    """AWS as moto plays it, with its client and the wire to it."""

    client: Any
    wire: Wire


@dataclass(kw_only=True)
class OctaviaCloud(Cloud):
    """OpenStack as the fake plays it."""

    openstack: OpenStackCloud


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
        client = make_client("elbv2", REGION)
        # Moto's default network has one subnet in each zone. It asks network load balancers,
        # too, for two zones when subnets are changed, so tests always use two.
        subnets = ec2.describe_subnets()["Subnets"]
        yield AwsCloud(
            upstream=AwsLoadBalancers(lambda: client),
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


@pytest.fixture
def openstack_environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenStackCloud]:
    """An OpenStack, and the variables that lead there."""
    with run_openstack() as running:
        variables = {
            "OS_AUTH_URL": f"{running.url}/identity/v3",
            "OS_USERNAME": "bellpull",
            "OS_PASSWORD": "secret",
            "OS_PROJECT_NAME": "load-balancers",
            "OS_USER_DOMAIN_ID": "default",
            "OS_PROJECT_DOMAIN_ID": "default",
            "OS_REGION_NAME": "RegionOne",
        }
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        yield running


@pytest.fixture
def octavia_cloud(openstack_environment: OpenStackCloud) -> Iterator[OctaviaCloud]:
    connection = make_connection()
    running = openstack_environment
    yield OctaviaCloud(
        upstream=OctaviaLoadBalancers(lambda: connection, sleep=lambda _: None),
        count=running.octavia.count,
        subnet_ids=list(running.neutron.subnets),
        security_group_ids=running.neutron.security_groups,
        unknown_id="33333333-3333-4333-8333-333333333333",
        attributes={"description": "the shop's"},
        other_attributes={"admin_state_up": "false"},
        can_move=False,
        openstack=running,
    )
    connection.close()


@pytest.fixture(params=["memory", "memory in a file", "aws", "octavia"])
def cloud(request: pytest.FixtureRequest, tmp_path: Path) -> Cloud:
    if request.param in ("aws", "octavia"):
        found: Cloud = request.getfixturevalue(f"{request.param}_cloud")
        return found
    path = str(tmp_path / "cloud.sqlite") if request.param == "memory in a file" else None
    upstream = MemoryLoadBalancers(path, looks_until_active=1)
    return Cloud(
        upstream=upstream,
        count=lambda: len(upstream.list_all()),
        subnet_ids=["subnet-1", "subnet-2", "subnet-3"],
        security_group_ids=["group-1", "group-2"],
        unknown_id="memory-none",
    )
