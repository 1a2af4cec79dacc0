"""The `Servers` that makes servers at AWS: EC2 instances."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from functools import cached_property
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.domain.records import Progress
from chalicelib.domain.servers import ObservedServer, ServerChange, ServerSpec
from worker.upstream.aws.errors import aws_errors, is_out_of_room
from worker.upstream.aws.names import (
    NAME_TAG,
    TOKEN_TAG,
    refuse_reserved,
    select_user_tags,
    to_tag_list,
)
from worker.upstream.errors import UpstreamBusy, UpstreamNotFound, UpstreamRejected

_STATUSES: dict[str, Progress] = {
    "pending": "provisioning",
    "running": "active",
    # It exists, whether it works at the moment or not.
    "stopping": "active",
    "stopped": "active",
}
_ABSENT = ("InvalidInstanceID.NotFound", "InvalidInstanceID.Malformed")
#: The longest ClientToken that EC2 takes.
_TOKEN_CHARACTERS = 64
#: Instances launched for one token, each after the end of the one before.
_MOST_LAUNCHES = 20


class Ec2Servers:
    """EC2 in one account and region; the upstream id is the instance's."""

    def __init__(self, client_factory: Callable[[], Any]) -> None:
        """`client_factory` returns a boto3 client "ec2"; it is called at the first use."""
        self._client_factory = client_factory

    @cached_property
    def _client(self) -> Any:
        return self._client_factory()

    @aws_errors()
    def create(self, token: str, spec: ServerSpec) -> ObservedServer:
        """See `Upstream`. The tag with the token is looked for first, as EC2 forgets ClientTokens.

        A ClientToken guards the moments in which what was just made is not listed yet.
        """
        refuse_reserved(spec.tags)
        found = self._find(token)
        return _to_observed(found or self._launch(token, spec))

    @aws_errors()
    def find(self, token: str) -> ObservedServer | None:
        """See `Upstream`."""
        found = self._find(token)
        return None if found is None else _to_observed(found)

    @aws_errors()
    def get(self, upstream_id: str) -> ObservedServer:
        """See `Upstream`. UpstreamBusy if EC2 had no room for it: a create launches another."""
        found = self._read(upstream_id)
        failure = _launch_failure(found)
        if failure is not None and is_out_of_room(found["StateReason"]["Code"]):
            raise UpstreamBusy(failure)
        return _to_observed(found)

    @aws_errors()
    def update(self, upstream_id: str, change: ServerChange) -> ObservedServer:
        """See `Upstream`. Calls only for what differs."""
        refuse_reserved(change.tags or {})
        found = self._read(upstream_id)
        self._change_tags(found, change)
        groups = change.security_group_ids
        if groups is not None and set(groups) != set(_groups(found)):
            self._client.modify_instance_attribute(InstanceId=upstream_id, Groups=groups)
        return _to_observed(self._read(upstream_id))

    @aws_errors()
    def delete(self, upstream_id: str) -> None:
        """See `Upstream`. Raises UpstreamRejected while termination protection is on."""
        try:
            self._client.terminate_instances(InstanceIds=[upstream_id])
        except ClientError as error:
            details = error.response["Error"]
            if details["Code"] == "OperationNotPermitted":
                raise UpstreamRejected(
                    f"{details['Message']} (Switch termination protection off at AWS, and destroy"
                    " it again.)"
                ) from error
            if details["Code"] not in _ABSENT:
                raise

    @aws_errors()
    def reboot(self, upstream_id: str) -> ObservedServer:
        """See `Servers`. EC2 takes the order and calls the server running all the while."""
        self._client.reboot_instances(InstanceIds=[upstream_id])
        return _to_observed(self._read(upstream_id))

    def _launch(self, token: str, spec: ServerSpec, number: int = 1) -> dict[str, Any]:
        """EC2 launches nothing for the ClientToken of an instance that has ended: take the next."""
        try:
            answer = self._client.run_instances(**_to_request(token, spec, number))
        except ClientError as error:
            is_used_up = error.response["Error"]["Code"] == "IdempotentInstanceTerminated"
            if not is_used_up or number == _MOST_LAUNCHES:
                raise
            return self._launch(token, spec, number + 1)
        (launched,) = answer["Instances"]
        made: dict[str, Any] = launched
        return made

    def _change_tags(self, found: dict[str, Any], change: ServerChange) -> None:
        current, wanted = _tags(found), dict(change.tags or {})
        if change.tags is not None:
            surplus = sorted(select_user_tags(current).keys() - wanted.keys())
            # Removed before others are added: AWS limits how many there may be at a time.
            if surplus:
                gone = [{"Key": key} for key in surplus]
                self._client.delete_tags(Resources=[found["InstanceId"]], Tags=gone)
        if change.name is not None:
            wanted[NAME_TAG] = change.name
        new = {key: value for key, value in wanted.items() if current.get(key) != value}
        if new:
            self._client.create_tags(Resources=[found["InstanceId"]], Tags=to_tag_list(new))

    def _find(self, token: str) -> dict[str, Any] | None:
        filters = [
            {"Name": f"tag:{TOKEN_TAG}", "Values": [token]},
            {"Name": "instance-state-name", "Values": list(_STATUSES)},
        ]
        for reservation in self._client.describe_instances(Filters=filters)["Reservations"]:
            for instance in reservation["Instances"]:
                if _tags(instance).get(TOKEN_TAG) == token:  # a filter takes * for anything
                    found: dict[str, Any] = instance
                    return found
        return None

    def _read(self, upstream_id: str) -> dict[str, Any]:
        """Raises UpstreamNotFound, also for one that somebody terminated."""
        try:
            answer = self._client.describe_instances(InstanceIds=[upstream_id])
        except ClientError as error:
            if error.response["Error"]["Code"] not in _ABSENT:
                raise
            raise UpstreamNotFound(f"AWS has no server {upstream_id!r} here.") from error
        found: dict[str, Any] = answer["Reservations"][0]["Instances"][0]
        if _is_leaving(found) and _launch_failure(found) is None:
            raise UpstreamNotFound(f"AWS has no server {upstream_id!r} any more.")
        return found


def _to_request(token: str, spec: ServerSpec, number: int) -> dict[str, Any]:
    tags = to_tag_list(spec.tags | {NAME_TAG: spec.name, TOKEN_TAG: token})
    once = token if number == 1 else f"{token}#{number}"
    short = once if len(once) <= _TOKEN_CHARACTERS else hashlib.sha256(once.encode()).hexdigest()
    request: dict[str, Any] = {
        "ImageId": spec.image_id,
        "InstanceType": spec.flavor,
        "SubnetId": spec.subnet_id,
        "MinCount": 1,
        "MaxCount": 1,
        "ClientToken": short,
        "TagSpecifications": [
            {"ResourceType": kind, "Tags": tags} for kind in ("instance", "volume")
        ],
        # Without a token anybody who can make the server fetch a URL gets its credentials.
        "MetadataOptions": {"HttpTokens": "required"},
    }
    if spec.security_group_ids:
        request["SecurityGroupIds"] = spec.security_group_ids
    if spec.key_name:
        request["KeyName"] = spec.key_name
    if spec.user_data:
        request["UserData"] = spec.user_data  # boto3 encodes it
    return request


def _to_observed(found: dict[str, Any]) -> ObservedServer:
    tags, failure = _tags(found), _launch_failure(found)
    status: Progress = _STATUSES.get(found["State"]["Name"], "provisioning")
    return ObservedServer(
        upstream_id=found["InstanceId"],
        name=tags.get(NAME_TAG) or found["InstanceId"],
        status=status if failure is None else "failed",
        reason=failure,
        image_id=found.get("ImageId"),
        flavor=found.get("InstanceType"),
        subnet_id=found.get("SubnetId"),
        network_id=found.get("VpcId"),
        zone=found.get("Placement", {}).get("AvailabilityZone"),
        private_ip_address=found.get("PrivateIpAddress"),
        public_ip_address=found.get("PublicIpAddress"),
        key_name=found.get("KeyName"),
        security_group_ids=_groups(found),
        tags=select_user_tags(tags),
    )


def _launch_failure(found: dict[str, Any]) -> str | None:
    """Why EC2 terminated an instance that it could not start, None if it did not."""
    reason = found.get("StateReason") or {}
    code = str(reason.get("Code") or "")
    is_on_purpose = "Shutdown" in code or "Termination" in code
    if not _is_leaving(found) or not code or is_on_purpose:
        return None
    return str(reason.get("Message") or code)


def _is_leaving(found: dict[str, Any]) -> bool:
    return found["State"]["Name"] in ("shutting-down", "terminated")


def _tags(found: dict[str, Any]) -> dict[str, str]:
    return {pair["Key"]: pair.get("Value", "") for pair in found.get("Tags", [])}


def _groups(found: dict[str, Any]) -> list[str]:
    return [group["GroupId"] for group in found.get("SecurityGroups", [])]
