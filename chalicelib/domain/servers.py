"""What a server is: asked for, changed, seen."""

from __future__ import annotations

import msgspec

from chalicelib.domain.records import Observed


class ServerSpec(msgspec.Struct, frozen=True, kw_only=True):
    """What a server should be: the user's words, the same for each upstream."""

    name: str
    image_id: str
    #: How large it is: EC2's instance type, Nova's flavor by name or id.
    flavor: str
    subnet_id: str
    security_group_ids: list[str] = []
    #: The key pair at the upstream that opens it.
    key_name: str | None = None
    #: What its first boot is told (cloud-init), as text.
    user_data: str | None = None
    tags: dict[str, str] = {}


class ServerChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What an update changes; a field that is None stays as it is, others replace the whole."""

    name: str | None = None
    security_group_ids: list[str] | None = None
    tags: dict[str, str] | None = None


class ObservedServer(Observed, frozen=True, kw_only=True):
    """What the upstream says a server is."""

    #: None where it was started from a volume.
    image_id: str | None = None
    flavor: str | None = None
    subnet_id: str | None = None
    network_id: str | None = None
    zone: str | None = None
    private_ip_address: str | None = None
    public_ip_address: str | None = None
    key_name: str | None = None
    security_group_ids: list[str] = msgspec.field(default_factory=list)
