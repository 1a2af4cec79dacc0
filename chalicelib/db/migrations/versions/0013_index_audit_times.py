"""Lets entries of the audit be found that are too old to be kept."""

from __future__ import annotations

from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_index("ix_audit_entries_created_at", "audit_entries", ["created_at"])
