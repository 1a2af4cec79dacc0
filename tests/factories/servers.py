"""Servers of any state, and what the upstream says of one."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from chalicelib.db.clock import now
from chalicelib.db.tables import servers
from chalicelib.domain.ids import new_id
from chalicelib.domain.servers import ObservedServer, ServerSpec
from tests.factories.rows import Target, insert_row, read_rows


def create_server(target: Target, **overrides: Any) -> Row[Any]:
    """An ACTIVE server that exists upstream; other states by `provisioning_status`."""
    values: dict[str, Any] = {
        "id": new_id(),
        "project_id": "demo",
        "name": "shop 1",
        "image_id": "image-1",
        "flavor": "small",
        "subnet_id": "subnet-a",
        "security_group_ids": [],
        "tags": {},
        "provisioning_status": "ACTIVE",
        "upstream_id": new_id(),
        "job_id": new_id(),
        "created_at": now(),
        "updated_at": now(),
    }
    return insert_row(target, servers, values | overrides)


def read_server(target: Target, server_id: str) -> Row[Any]:
    """The server as its record is now."""
    (row,) = read_rows(target, servers, id=server_id)
    return row


def make_server_spec(**overrides: Any) -> ServerSpec:
    """What a user may ask for."""
    fields = {"name": "shop 1", "image_id": "image-1", "flavor": "small", "subnet_id": "subnet-a"}
    return ServerSpec(**(fields | overrides))


def make_observed_server(**overrides: Any) -> ObservedServer:
    """What the upstream may answer."""
    values: dict[str, Any] = {
        "upstream_id": new_id(),
        "name": "upstream's name",
        "status": "active",
        "image_id": "image-1",
        "flavor": "small",
        "subnet_id": "subnet-a",
        "network_id": "vpc-1",
        "zone": "us-east-1a",
        "private_ip_address": "10.0.0.5",
        "tags": {"team": "shop"},
    }
    return ObservedServer(**(values | overrides))
