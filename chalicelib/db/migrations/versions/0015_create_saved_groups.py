"""Creates saved_groups."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chalicelib.db.tables.metadata import TABLE_OPTIONS
from chalicelib.db.types import Json, UtcDateTime, ascii_text

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "saved_groups",
        sa.Column("id", ascii_text(155), nullable=False),
        sa.Column("members", Json(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_saved_groups"),
        **TABLE_OPTIONS,
    )
    op.create_index("ix_saved_groups_created_at", "saved_groups", ["created_at"])
