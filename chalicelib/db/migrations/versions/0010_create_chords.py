"""Creates chords, and adds the parent of a job."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chalicelib.db.tables.metadata import TABLE_OPTIONS
from chalicelib.db.types import Json, UtcDateTime, ascii_text

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("parent_id", ascii_text(155), nullable=True))
    op.create_table(
        "chords",
        sa.Column("id", ascii_text(155), nullable=False),
        sa.Column("missing", sa.Integer(), nullable=False),
        sa.Column("parts", Json(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_chords"),
        **TABLE_OPTIONS,
    )
    op.create_index("ix_chords_created_at", "chords", ["created_at"])
