"""Servers: what a project asked for, and what the upstream says there is."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table

from chalicelib.db.tables.metadata import TABLE_OPTIONS, metadata
from chalicelib.db.types import Json, UtcDateTime, ascii_text, text

servers = Table(
    "servers",
    metadata,
    Column("id", ascii_text(36), primary_key=True),
    Column("project_id", text(64), nullable=False),
    Column("name", text(255), nullable=False),
    #: These three are NULL of a server that was added and has not been seen yet.
    Column("image_id", text(255)),
    Column("flavor", text(255)),
    Column("subnet_id", ascii_text(64)),
    Column("security_group_ids", Json(), nullable=False),
    Column("key_name", text(255)),
    Column("tags", Json(), nullable=False),
    Column("provisioning_status", ascii_text(16), nullable=False),
    #: The cloud that it is made in, e.g. aws:eu-west-1; NULL before a worker began.
    Column("upstream", text(128)),
    #: Its id in the upstream; NULL before it exists and after it is gone. One record each.
    Column("upstream_id", ascii_text(255), unique=True),
    Column("zone", text(255)),
    Column("network_id", ascii_text(64)),
    Column("private_ip_address", ascii_text(64)),
    Column("public_ip_address", ascii_text(64)),
    #: Why provisioning_status is ERROR, in words for the user.
    Column("fault", Json()),
    #: The last job that changed it or is about to.
    Column("job_id", ascii_text(155), nullable=False),
    #: How often a job has ended on it; it numbers the events that tell of that.
    Column("sequence", Integer(), nullable=False, server_default="0"),
    Column("created_at", UtcDateTime(), nullable=False),
    Column("updated_at", UtcDateTime(), nullable=False),
    Index("ix_servers_project_id_created_at_id", "project_id", "created_at", "id"),
    **TABLE_OPTIONS,
)
