"""Creates servers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chalicelib.db.tables.metadata import TABLE_OPTIONS
from chalicelib.db.types import Json, UtcDateTime, ascii_text, text

revision = "0017"
down_revision = "0016"


def upgrade() -> None:
    op.create_table(
        "servers",
        sa.Column("id", ascii_text(36), nullable=False),
        sa.Column("project_id", text(64), nullable=False),
        sa.Column("name", text(255), nullable=False),
        sa.Column("image_id", text(255), nullable=True),
        sa.Column("flavor", text(255), nullable=True),
        sa.Column("subnet_id", ascii_text(64), nullable=True),
        sa.Column("security_group_ids", Json(), nullable=False),
        sa.Column("key_name", text(255), nullable=True),
        sa.Column("tags", Json(), nullable=False),
        sa.Column("provisioning_status", ascii_text(16), nullable=False),
        sa.Column("upstream", text(128), nullable=True),
        sa.Column("upstream_id", ascii_text(255), nullable=True),
        sa.Column("zone", text(255), nullable=True),
        sa.Column("network_id", ascii_text(64), nullable=True),
        sa.Column("private_ip_address", ascii_text(64), nullable=True),
        sa.Column("public_ip_address", ascii_text(64), nullable=True),
        sa.Column("fault", Json(), nullable=True),
        sa.Column("job_id", ascii_text(155), nullable=False),
        sa.Column("sequence", sa.Integer(), nullable=False, server_default="0"),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_servers"),
        sa.UniqueConstraint("upstream_id", name="uq_servers_upstream_id"),
        **TABLE_OPTIONS,
    )
    op.create_index(
        "ix_servers_project_id_created_at_id", "servers", ["project_id", "created_at", "id"]
    )
