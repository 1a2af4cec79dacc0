"""Creates the audit; adds what tokens say of themselves, and the list of jobs by key."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chalicelib.db.tables.metadata import TABLE_OPTIONS
from chalicelib.db.types import Json, UtcDateTime, ascii_text, text

revision = "0009"
down_revision = "0008"


def upgrade() -> None:
    op.create_index(
        "ix_jobs_project_id_key_created_at_id", "jobs", ["project_id", "key", "created_at", "id"]
    )
    op.add_column("tokens", sa.Column("name", text(255), nullable=True))
    op.add_column("tokens", sa.Column("expires_at", UtcDateTime(), nullable=True))
    op.add_column("tokens", sa.Column("last_used_at", UtcDateTime(), nullable=True))
    op.add_column("tokens", sa.Column("requests_minute", sa.BigInteger(), nullable=True))
    op.add_column("tokens", sa.Column("requests", sa.Integer(), nullable=True))
    op.create_index(
        "ix_tokens_project_id_created_at_id", "tokens", ["project_id", "created_at", "id"]
    )
    op.create_table(
        "audit_entries",
        sa.Column("id", ascii_text(36), nullable=False),
        sa.Column("project_id", text(64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("token_id", ascii_text(36), nullable=True),
        sa.Column("request_id", ascii_text(64), nullable=True),
        sa.Column("action", ascii_text(64), nullable=False),
        sa.Column("target", text(255), nullable=True),
        sa.Column("details", Json(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entries"),
        **TABLE_OPTIONS,
    )
    op.create_index(
        "ix_audit_entries_project_id_created_at_id",
        "audit_entries",
        ["project_id", "created_at", "id"],
    )
