"""What is particular to EC2: tags, tokens, instances that could not be started, few calls."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from chalicelib.domain.servers import ServerChange, ServerSpec
from worker.upstream.aws.client import make_client
from worker.upstream.aws.servers import Ec2Servers
from worker.upstream.errors import (
    UpstreamBusy,
    UpstreamNotFound,
    UpstreamQuotaExceeded,
    UpstreamRejected,
)

ID = "i-0123456789abcdef0"


def described(state: str, code: str = "", message: str = "") -> dict[str, Any]:
    """What EC2 tells of one instance."""
    instance = {
        "InstanceId": ID,
        "State": {"Name": state, "Code": 0},
        "StateReason": {"Code": code, "Message": message},
    }
    return {"Reservations": [{"Instances": [instance]}]}


@pytest.fixture
def stubbed(monkeypatch: pytest.MonkeyPatch) -> Any:
    """EC2 with answers and refusals that moto does not have."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    client = make_client("ec2", "us-east-1")
    with Stubber(client) as stubber:
        yield Ec2Servers(lambda: client), stubber


def test_create_makes_one_look_and_one_change(ec2_cloud: Any) -> None:
    ec2_cloud.upstream.create("token", ec2_cloud.spec())
    assert ec2_cloud.sent == ["DescribeInstances", "RunInstances"]


def test_create_sends_what_the_reference_says(stubbed: Any) -> None:
    servers, stubber = stubbed
    pairs = (("a", "b"), ("Name", "web"), ("bellpull:token", "t" * 65))
    tags = [{"Key": key, "Value": value} for key, value in pairs]
    stubber.add_response("describe_instances", {"Reservations": []})
    stubber.add_response(
        "run_instances",
        described("pending")["Reservations"][0],
        {
            "ImageId": "ami-1",
            "InstanceType": "t3.micro",
            "SubnetId": "subnet-1",
            "MinCount": 1,
            "MaxCount": 1,
            "ClientToken": hashlib.sha256(b"t" * 65).hexdigest(),
            "TagSpecifications": [
                {"ResourceType": kind, "Tags": tags} for kind in ("instance", "volume")
            ],
            "MetadataOptions": {"HttpTokens": "required"},
            "SecurityGroupIds": ["sg-1"],
            "KeyName": "mine",
            "UserData": "hello",  # boto3 encodes it
        },
    )
    spec = ServerSpec(
        name="web",
        image_id="ami-1",
        flavor="t3.micro",
        subnet_id="subnet-1",
        security_group_ids=["sg-1"],
        key_name="mine",
        user_data="hello",
        tags={"a": "b"},
    )
    assert servers.create("t" * 65, spec).upstream_id == ID


def test_token_with_a_wildcard_finds_its_own_alone(ec2_cloud: Any) -> None:
    ec2_cloud.upstream.create("token-1", ec2_cloud.spec())
    assert ec2_cloud.upstream.find("token-*") is None


def test_name_token_and_users_tags_become_tags(ec2_cloud: Any) -> None:
    made = ec2_cloud.upstream.create("token", ec2_cloud.spec(tags={"team": "shop"}))
    filters = [{"Name": "resource-id", "Values": [made.upstream_id]}]
    tags = ec2_cloud.client.describe_tags(Filters=filters)["Tags"]
    assert {tag["Key"]: tag["Value"] for tag in tags} == {
        "Name": "shop 1",
        "bellpull:token": "token",
        "team": "shop",
    }


def test_first_boot_is_told_the_users_text(ec2_cloud: Any) -> None:
    made = ec2_cloud.upstream.create("token", ec2_cloud.spec(user_data="echo wéb"))
    told = ec2_cloud.client.describe_instance_attribute(
        InstanceId=made.upstream_id, Attribute="userData"
    )
    assert base64.b64decode(told["UserData"]["Value"]).decode() == "echo wéb"


def test_update_calls_only_for_what_differs(ec2_cloud: Any) -> None:
    spec = ec2_cloud.spec(tags={"a": "b"}, security_group_ids=ec2_cloud.security_group_ids)
    made = ec2_cloud.upstream.create("token", spec)
    ec2_cloud.sent.clear()
    same = ServerChange(
        name=spec.name,
        tags=spec.tags,
        security_group_ids=list(reversed(spec.security_group_ids)),
    )
    ec2_cloud.upstream.update(made.upstream_id, same)
    assert set(ec2_cloud.sent) == {"DescribeInstances"}


@pytest.mark.parametrize("key", ["Name", "bellpull:token"])
def test_reserved_tags_are_refused_before_anything_is_sent(ec2_cloud: Any, key: str) -> None:
    with pytest.raises(UpstreamRejected, match="set by Bellpull"):
        ec2_cloud.upstream.create("token", ec2_cloud.spec(tags={key: "x"}))
    with pytest.raises(UpstreamRejected, match="set by Bellpull"):
        ec2_cloud.upstream.update("any", ServerChange(tags={key: "x"}))
    assert ec2_cloud.sent == []


def test_protected_server_is_not_destroyed_and_the_words_say_what_to_do(stubbed: Any) -> None:
    servers, stubber = stubbed
    words = "The instance may not be terminated."
    stubber.add_client_error("terminate_instances", "OperationNotPermitted", words, 400)
    with pytest.raises(UpstreamRejected, match="termination protection off"):
        servers.delete(ID)


def test_instance_that_ec2_could_not_start_is_failed_in_its_words(stubbed: Any) -> None:
    servers, stubber = stubbed
    words = "Client.VolumeLimitExceeded: Volume limit exceeded"
    stubber.add_response(
        "describe_instances", described("terminated", "Client.VolumeLimitExceeded", words)
    )
    seen = servers.get(ID)
    assert (seen.status, seen.reason) == ("failed", words)


def test_launch_that_ec2_had_no_room_for_is_tried_again(stubbed: Any) -> None:
    servers, stubber = stubbed
    reason = ("Server.InsufficientInstanceCapacity", "Insufficient capacity to launch")
    stubber.add_response("describe_instances", described("terminated", *reason))
    with pytest.raises(UpstreamBusy, match="Insufficient capacity to launch"):
        servers.get(ID)


def test_another_is_launched_in_the_place_of_one_that_is_terminated(stubbed: Any) -> None:
    """EC2 answers a ClientToken for good, also when what it launched has ended."""
    servers, stubber = stubbed
    sent: list[str] = []
    stubber.add_response("describe_instances", {"Reservations": []})
    for _ in range(2):
        stubber.add_client_error("run_instances", "IdempotentInstanceTerminated")
    stubber.add_response("run_instances", described("pending")["Reservations"][0])
    stubber.client.meta.events.register(
        "provide-client-params.ec2.RunInstances",
        lambda params, **_: sent.append(params["ClientToken"]),
    )
    spec = ServerSpec(name="web", image_id="ami-1", flavor="t3.micro", subnet_id="subnet-1")
    assert servers.create("t" * 63, spec).upstream_id == ID
    assert sent[0] == "t" * 63
    assert len(set(sent)) == 3
    assert max(map(len, sent)) <= 64


@pytest.mark.parametrize("state", ["shutting-down", "terminated"])
def test_instance_that_somebody_terminated_is_not_there(stubbed: Any, state: str) -> None:
    servers, stubber = stubbed
    reason = "Client.UserInitiatedShutdown"
    stubber.add_response("describe_instances", described(state, reason, "User initiated"))
    with pytest.raises(UpstreamNotFound):
        servers.get(ID)


@pytest.mark.parametrize(
    ("state", "status"), [("pending", "provisioning"), ("running", "active"), ("stopped", "active")]
)
def test_state_at_ec2_says_how_far_it_is(stubbed: Any, state: str, status: str) -> None:
    servers, stubber = stubbed
    stubber.add_response("describe_instances", described(state))
    assert servers.get(ID).status == status


@pytest.mark.parametrize(
    ("code", "family"),
    [
        ("InstanceLimitExceeded", UpstreamQuotaExceeded),
        ("VcpuLimitExceeded", UpstreamQuotaExceeded),
        ("InsufficientInstanceCapacity", UpstreamBusy),
        ("IncorrectInstanceState", UpstreamBusy),
        ("InvalidAMIID.NotFound", UpstreamRejected),
    ],
)
def test_code_of_a_refusal_decides_whether_it_is_tried_again(
    stubbed: Any, code: str, family: Any
) -> None:
    servers, stubber = stubbed
    stubber.add_client_error("reboot_instances", code, "These are EC2's words.", 400)
    with pytest.raises(family, match=rf"^These are EC2's words\. \({code}, RebootInstances\)") as e:
        servers.reboot(ID)
    assert isinstance(e.value.__cause__, ClientError)
