"""Each cloud that servers can be made in, empty, with what a server needs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from chalicelib.domain.servers import ServerSpec
from tests.fakes.openstack.cloud import OpenStackCloud
from tests.fakes.openstack.nova import IMAGE
from worker.upstream.aws.client import make_client
from worker.upstream.aws.servers import Ec2Servers
from worker.upstream.memory.servers import MemoryServers
from worker.upstream.openstack.client import make_connection
from worker.upstream.openstack.servers import NovaServers
from worker.upstream.protocol import Servers

REGION = "us-east-1"


@dataclass
class ServerCloud:
    """An upstream, and the ids of what it has."""

    upstream: Servers
    count: Callable[[], int]
    image_id: str
    flavor: str
    subnet_id: str
    security_group_ids: list[str]
    unknown_id: str
    no_subnet_id: str
    key_name: str = "mine"

    def spec(self, **overrides: Any) -> ServerSpec:
        """A specification that this cloud can fulfil."""
        fields: dict[str, Any] = {
            "name": "shop 1",
            "image_id": self.image_id,
            "flavor": self.flavor,
            "subnet_id": self.subnet_id,
        }
        return ServerSpec(**(fields | overrides))


@dataclass(kw_only=True)
class Ec2Cloud(ServerCloud):
    """AWS as moto plays it, with its client and the names of the calls that are sent."""

    client: Any
    sent: list[str]


@dataclass(kw_only=True)
class NovaCloud(ServerCloud):
    """OpenStack as the fake plays it."""

    openstack: OpenStackCloud


@pytest.fixture
def ec2_cloud(monkeypatch: pytest.MonkeyPatch, ec2: Any) -> Iterator[Ec2Cloud]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        client = make_client("ec2", REGION)
        sent: list[str] = []
        client.meta.events.register("before-call.ec2", lambda model, **_: sent.append(model.name))
        ec2.create_key_pair(KeyName="mine")
        alive = [{"Name": "instance-state-name", "Values": ["pending", "running"]}]
        yield Ec2Cloud(
            upstream=Ec2Servers(lambda: client),
            count=lambda: len(ec2.describe_instances(Filters=alive)["Reservations"]),
            image_id=ec2.describe_images(Owners=["amazon"])["Images"][0]["ImageId"],
            flavor="t3.micro",
            subnet_id=ec2.describe_subnets()["Subnets"][0]["SubnetId"],
            security_group_ids=[
                ec2.create_security_group(GroupName=name, Description=name)["GroupId"]
                for name in ("front", "back")
            ],
            unknown_id="i-0123456789abcdef0",
            no_subnet_id="subnet-0123456789abcdef0",
            client=client,
            sent=sent,
        )


@pytest.fixture
def nova_cloud(openstack_environment: OpenStackCloud) -> Iterator[NovaCloud]:
    connection = make_connection()
    running = openstack_environment
    yield NovaCloud(
        upstream=NovaServers(lambda: connection, sleep=lambda _: None),
        count=running.nova.count,
        image_id=IMAGE,
        flavor="m1.tiny",
        subnet_id=next(iter(running.neutron.lone_subnets)),
        security_group_ids=running.neutron.security_groups,
        unknown_id="33333333-3333-4333-8333-333333333333",
        no_subnet_id="33333333-3333-4333-8333-333333333333",
        openstack=running,
    )
    connection.close()


@pytest.fixture(params=["memory", "memory in a file", "ec2", "nova"])
def cloud(request: pytest.FixtureRequest, tmp_path: Path) -> ServerCloud:
    if request.param in ("ec2", "nova"):
        found: ServerCloud = request.getfixturevalue(f"{request.param}_cloud")
        return found
    path = str(tmp_path / "cloud.sqlite") if request.param == "memory in a file" else None
    upstream = MemoryServers(path, looks_until_active=1)
    return ServerCloud(
        upstream=upstream,
        count=lambda: len(upstream.list_all()),
        image_id="image-1",
        flavor="small",
        subnet_id="subnet-1",
        security_group_ids=["group-1", "group-2"],
        unknown_id="memory-none",
        no_subnet_id="",
    )
