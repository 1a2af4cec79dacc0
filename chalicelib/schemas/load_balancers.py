"""What a request may say of a load balancer, and what an answer does say."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta, Struct, field

from chalicelib.domain.load_balancers import (
    LoadBalancerChange,
    LoadBalancerSpec,
    ProvisioningStatus,
)
from chalicelib.schemas.jobs import JobView
from chalicelib.schemas.views import View

# Patterns end in \Z, because $ also fits before a line break.
_NO_CONTROLS = r"^[^\x00-\x1f\x7f-\x9f]*\Z"
#: Keys that AWS, this system or Celery's JSON give a meaning of their own.
#: Spelt out in both cases: JSON Schema's regular expressions have no flags.
_RESERVED = r"(?:(?:[aA][wW][sS]|[bB][eE][lL][lL][pP][uU][lL][lL]):|Name\Z|__)"

Name = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=255,
        pattern=_NO_CONTROLS,
        description="a name of 1 to 255 characters, none of them a control character",
    ),
]
UpstreamId = Annotated[
    str,
    Meta(pattern=r"^[\x21-\x7e]{1,255}\Z", description="1 to 255 printable ASCII characters"),
]
ResourceId = Annotated[
    str,
    Meta(pattern=r"^[\x21-\x7e]{1,64}\Z", description="1 to 64 printable ASCII characters"),
]
SubnetIds = Annotated[
    list[ResourceId], Meta(min_length=1, max_length=16, description="a list of 1 to 16 subnet ids")
]
SecurityGroupIds = Annotated[
    list[ResourceId], Meta(max_length=16, description="a list of at most 16 security group ids")
]
TagKey = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=128,
        pattern=f"^(?!{_RESERVED}){_NO_CONTROLS[1:]}",
        description="a key of 1 to 128 characters, not Name, that does not begin with aws:, "
        "bellpull: or __",
    ),
]
TagValue = Annotated[
    str,
    Meta(max_length=256, pattern=_NO_CONTROLS, description="a text of at most 256 characters"),
]
Tags = Annotated[
    dict[TagKey, TagValue], Meta(max_length=50, description="an object of at most 50 tags")
]
AttributeName = Annotated[
    str,
    Meta(pattern=r"^[\x21-\x7e]{1,128}\Z", description="1 to 128 printable ASCII characters"),
]
AttributeValue = Annotated[
    str,
    Meta(max_length=1024, pattern=_NO_CONTROLS, description="a text of at most 1024 characters"),
]
Attributes = Annotated[
    dict[AttributeName, AttributeValue],
    Meta(max_length=32, description="an object of at most 32 attributes"),
]

#: A field that was left out of a change. To send null is not the same, and refused: it
#: would be taken for "remove".
_LEFT_OUT: Any = None


class NewLoadBalancer(LoadBalancerSpec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of a request that creates one."""

    name: Name
    subnet_ids: SubnetIds
    security_group_ids: SecurityGroupIds = field(default_factory=list)
    tags: Tags = field(default_factory=dict)
    attributes: Attributes = field(default_factory=dict)


class ChangedLoadBalancer(
    LoadBalancerChange, frozen=True, kw_only=True, forbid_unknown_fields=True
):
    """Body of a request that changes one."""

    name: Name = _LEFT_OUT
    ip_address_type: Literal["ipv4", "dualstack"] = _LEFT_OUT
    subnet_ids: SubnetIds = _LEFT_OUT
    security_group_ids: SecurityGroupIds = _LEFT_OUT
    tags: Tags = _LEFT_OUT
    attributes: Attributes = _LEFT_OUT

    def __post_init__(self) -> None:
        if all(getattr(self, name) is None for name in self.__struct_fields__):
            raise ValueError("Expected at least one field to change.")


class AddedLoadBalancer(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of a request that adds one which exists upstream."""

    upstream_id: UpstreamId


class LoadBalancerPage(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Query of a request that lists them."""

    limit: Annotated[int, Meta(ge=1, le=100, description="a number from 1 to 100")] = 50
    after: (
        Annotated[str, Meta(pattern=r"^[0-9a-f-]{36}\Z", description="the id of a load balancer")]
        | None
    ) = None
    provisioning_status: ProvisioningStatus | None = None


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


class AcceptedAnswer(Struct, frozen=True):
    """Answer to a change that was accepted: the record, and the job that makes it true."""

    load_balancer: LoadBalancerView
    job: JobView


class LoadBalancersAnswer(Struct, frozen=True):
    """Answer with one page of load balancers."""

    load_balancers: list[LoadBalancerView]
    #: What `after` has to be for the next page; null on the last one.
    next: str | None
