"""What a request may say of a load balancer, and what an answer does say."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from chalicelib.domain.load_balancers import LoadBalancerChange, LoadBalancerSpec
from chalicelib.schemas.fields import (
    LEFT_OUT,
    NO_CONTROLS,
    Name,
    ResourceId,
    SecurityGroupIds,
    Tags,
    narrow,
    require_a_change,
)
from chalicelib.schemas.jobs import JobView
from chalicelib.schemas.views import View
from chalicelib.schemas.webhooks import JobWebhook

SubnetIds = Annotated[
    list[ResourceId], Meta(min_length=1, max_length=16, description="a list of 1 to 16 subnet ids")
]
AttributeName = Annotated[
    str,
    Meta(pattern=r"^[\x21-\x7e]{1,128}\Z", description="1 to 128 printable ASCII characters"),
]
AttributeValue = Annotated[
    str,
    Meta(max_length=1024, pattern=NO_CONTROLS, description="a text of at most 1024 characters"),
]
Attributes = Annotated[
    dict[AttributeName, AttributeValue],
    Meta(max_length=32, description="an object of at most 32 attributes"),
]


class NewLoadBalancer(LoadBalancerSpec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of a request that creates one."""

    name: Name
    subnet_ids: SubnetIds
    security_group_ids: SecurityGroupIds = field(default_factory=list)
    tags: Tags = field(default_factory=dict)
    attributes: Attributes = field(default_factory=dict)
    #: Where it is told how the creation ended, besides the webhooks of the project.
    webhook: JobWebhook | None = None

    def to_spec(self) -> LoadBalancerSpec:
        """What is asked of the upstream."""
        return narrow(self, LoadBalancerSpec)


class ChangedLoadBalancer(
    LoadBalancerChange, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """Body of a request that changes one."""

    name: Name = LEFT_OUT
    ip_address_type: Literal["ipv4", "dualstack"] = LEFT_OUT
    subnet_ids: SubnetIds = LEFT_OUT
    security_group_ids: SecurityGroupIds = LEFT_OUT
    tags: Tags = LEFT_OUT
    attributes: Attributes = LEFT_OUT

    def __post_init__(self) -> None:
        require_a_change(self)


class LoadBalancerView(View, frozen=True, kw_only=True):
    """One load balancer in an answer."""

    id: str
    name: str
    type: str
    scheme: str
    ip_address_type: str
    subnet_ids: list[str]
    security_group_ids: list[str]
    tags: dict[str, str]
    attributes: dict[str, str]
    provisioning_status: str
    #: The cloud that it is made in, e.g. aws:eu-west-1; null until a worker has begun.
    upstream: str | None
    upstream_id: str | None
    dns_name: str | None
    vip_address: str | None
    network_id: str | None
    zones: list[dict[str, str]]
    #: Why provisioning_status is ERROR: code, message, advice and the job that failed.
    fault: dict[str, Any] | None
    #: The last job that changed it or is about to.
    job_id: str
    created_at: datetime
    updated_at: datetime


class AcceptedLoadBalancer(Struct, frozen=True):
    """Answer to a change that was accepted: the record, and the job that makes it true."""

    load_balancer: LoadBalancerView
    job: JobView


class LoadBalancersAnswer(Struct, frozen=True):
    """Answer with one page of load balancers."""

    load_balancers: list[LoadBalancerView]
    #: What `after` has to be for the next page; null on the last one.
    next: str | None
