"""Contracts of the server tasks."""

from __future__ import annotations

import msgspec

from chalicelib.broker.contracts import cloud_task
from chalicelib.domain.servers import ServerChange, ServerSpec


class CreateServer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parameters of compute.servers.create."""

    server_id: str
    spec: ServerSpec


class UpdateServer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parameters of compute.servers.update."""

    server_id: str
    upstream_id: str
    change: ServerChange


class DestroyServer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parameters of compute.servers.destroy.

    With no `upstream_id` the server is looked for by the token that it was to be created with.
    """

    server_id: str
    upstream_id: str | None


class ExistingServer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parameters of compute.servers.add and compute.servers.reboot."""

    server_id: str
    upstream_id: str


CREATE = cloud_task(
    "compute.servers.create", CreateServer, "Creates a server upstream and waits until it runs."
)
UPDATE = cloud_task("compute.servers.update", UpdateServer, "Changes a server upstream.")
DESTROY = cloud_task(
    "compute.servers.destroy",
    DestroyServer,
    "Destroys a server upstream; one that is gone already is a success.",
)
ADD = cloud_task("compute.servers.add", ExistingServer, "Adopts a server that exists upstream.")
REBOOT = cloud_task(
    "compute.servers.reboot",
    ExistingServer,
    "Reboots a server upstream; if its worker dies meanwhile, maybe twice.",
)
