"""What a request may say of a server, and what an answer does say."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct, field

from chalicelib.domain.servers import ServerChange, ServerSpec
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

#: Of an image, a flavor or a key pair, as the upstream has it.
UpstreamName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=255,
        pattern=NO_CONTROLS,
        description="a name or id of 1 to 255 characters, none of them a control character",
    ),
]
#: EC2 takes 16 KB; the limit here is in characters, and the upstream has the last word.
UserData = Annotated[str, Meta(max_length=16_384, description="a text of at most 16384 characters")]


class NewServer(ServerSpec, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of a request that creates one."""

    name: Name
    image_id: UpstreamName
    #: EC2's instance type (t3.micro), Nova's flavor by name or id.
    flavor: UpstreamName
    subnet_id: ResourceId
    security_group_ids: SecurityGroupIds = field(default_factory=list)
    #: The key pair at the upstream that opens it.
    key_name: UpstreamName | None = None
    #: What its first boot is told (cloud-init). It is kept with the job: no place for secrets.
    user_data: UserData | None = None
    tags: Tags = field(default_factory=dict)
    #: Where it is told how the creation ended, besides the webhooks of the project.
    webhook: JobWebhook | None = None

    def to_spec(self) -> ServerSpec:
        """What is asked of the upstream."""
        return narrow(self, ServerSpec)


class ChangedServer(ServerChange, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of a request that changes one."""

    name: Name = LEFT_OUT
    security_group_ids: SecurityGroupIds = LEFT_OUT
    tags: Tags = LEFT_OUT

    def __post_init__(self) -> None:
        require_a_change(self)


class ServerView(View, frozen=True, kw_only=True):
    """One server in an answer."""

    id: str
    name: str
    image_id: str | None
    flavor: str | None
    subnet_id: str | None
    security_group_ids: list[str]
    key_name: str | None
    tags: dict[str, str]
    provisioning_status: str
    #: The cloud that it is made in, e.g. aws:eu-west-1; null until a worker has begun.
    upstream: str | None
    upstream_id: str | None
    zone: str | None
    network_id: str | None
    private_ip_address: str | None
    public_ip_address: str | None
    #: Why provisioning_status is ERROR: code, message, advice and the job that failed.
    fault: dict[str, Any] | None
    #: The last job that changed it or is about to.
    job_id: str
    created_at: datetime
    updated_at: datetime


class AcceptedServer(Struct, frozen=True):
    """Answer to an order that was accepted: the record, and the job that makes it true."""

    server: ServerView
    job: JobView


class ServersAnswer(Struct, frozen=True):
    """Answer with one page of servers."""

    servers: list[ServerView]
    #: What `after` has to be for the next page; null on the last one.
    next: str | None
