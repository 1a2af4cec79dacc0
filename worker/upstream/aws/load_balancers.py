"""The `Upstream` that makes load balancers at AWS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from typing import Any

from botocore.exceptions import ClientError

from chalicelib.domain.load_balancers import (
    LoadBalancerChange,
    LoadBalancerSpec,
    ObservedLoadBalancer,
)
from worker.upstream.aws.changes import apply_change
from worker.upstream.aws.errors import aws_errors
from worker.upstream.aws.names import (
    NAME_TAG,
    TOKEN_TAG,
    derive_name,
    refuse_reserved,
    to_tag_list,
)
from worker.upstream.aws.reading import Description, describe
from worker.upstream.errors import UpstreamBusy, UpstreamNotFound, UpstreamRejected


class AwsLoadBalancers:
    """Elastic Load Balancing v2 in one account and region; the upstream id is the ARN."""

    def __init__(self, client_factory: Callable[[], Any]) -> None:
        """`client_factory` returns a boto3 client "elbv2"; it is called at the first use."""
        self._client_factory = client_factory

    @cached_property
    def _client(self) -> Any:
        return self._client_factory()

    def create(self, token: str, spec: LoadBalancerSpec) -> ObservedLoadBalancer:
        """See `Upstream`. What an interrupted attempt left undone is finished.

        The name, which follows from the token, is looked up first. AWS would also return the
        existing one to a create with equal settings, but without a word on whose it is.
        """
        refuse_reserved(spec.tags)
        try:
            with aws_errors():
                found = describe(self._client, name=derive_name(token))
                return self._finish(found, token, spec) if found else self._make(token, spec)
        except UpstreamNotFound as error:
            # AWS may list a new one a moment late; the next attempt finishes it.
            raise UpstreamBusy("AWS does not list the new load balancer yet.") from error

    @aws_errors()
    def find(self, token: str) -> ObservedLoadBalancer | None:
        """See `Upstream`."""
        found = describe(self._client, name=derive_name(token))
        if found is None or found.tags.get(TOKEN_TAG) != token:
            return None
        return found.to_observed()

    @aws_errors()
    def get(self, upstream_id: str) -> ObservedLoadBalancer:
        """See `Upstream`."""
        return self._read(upstream_id).to_observed()

    @aws_errors()
    def update(self, upstream_id: str, change: LoadBalancerChange) -> ObservedLoadBalancer:
        """See `Upstream`."""
        refuse_reserved(change.tags or {})
        apply_change(self._client, self._read(upstream_id), change)
        return self._read(upstream_id).to_observed()

    @aws_errors()
    def delete(self, upstream_id: str) -> None:
        """See `Upstream`. Raises UpstreamRejected while deletion protection is on.

        An ARN of another account or region is an error and not a success: the load balancer
        may well exist there.
        """
        try:
            self._client.delete_load_balancer(LoadBalancerArn=upstream_id)
        except ClientError as error:
            details = error.response["Error"]
            if details["Code"] == "OperationNotPermitted":
                raise UpstreamRejected(
                    f"{details['Message']} (If deletion protection is on, set the attribute"
                    ' deletion_protection.enabled to "false" and delete again.)'
                ) from error
            if details["Code"] != "LoadBalancerNotFound":
                raise

    def _finish(
        self, found: Description, token: str, spec: LoadBalancerSpec
    ) -> ObservedLoadBalancer:
        if found.tags.get(TOKEN_TAG) != token:
            raise UpstreamRejected(
                f"{found.arn} has the name that belongs to this load balancer, but its tag"
                f" {TOKEN_TAG!r} is another: it was not made here, or its tags were changed."
            )
        # Subnets, groups and the like were set by the create itself, in one step.
        rest = LoadBalancerChange(name=spec.name, tags=spec.tags, attributes=spec.attributes)
        apply_change(self._client, found, rest)
        return self._read(found.arn).to_observed()

    def _make(self, token: str, spec: LoadBalancerSpec) -> ObservedLoadBalancer:
        tags = spec.tags | {NAME_TAG: spec.name, TOKEN_TAG: token}
        request: dict[str, Any] = {
            "Name": derive_name(token),
            "Type": spec.type,
            "Scheme": spec.scheme,
            "IpAddressType": spec.ip_address_type,
            "Subnets": spec.subnet_ids,
            "Tags": to_tag_list(tags),
        }
        if spec.security_group_ids:
            request["SecurityGroups"] = spec.security_group_ids
        raw = self._client.create_load_balancer(**request)["LoadBalancers"][0]
        made = Description(raw=raw, tags=tags, attributes={})
        apply_change(self._client, made, LoadBalancerChange(attributes=spec.attributes))
        # Not read back, as it may not be listed yet: a later look shows every attribute.
        return replace(made, attributes=spec.attributes).to_observed()

    def _read(self, arn: str) -> Description:
        found = describe(self._client, arn=arn)
        if found is None:
            raise UpstreamNotFound(f"AWS has no application or network load balancer {arn!r} here.")
        return found
