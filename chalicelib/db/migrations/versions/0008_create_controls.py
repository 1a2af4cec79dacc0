"""Creates controls: pauses and limits of queues and tasks."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chalicelib.db.tables.metadata import TABLE_OPTIONS
from chalicelib.db.types import UtcDateTime, ascii_text, text

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("held_by", ascii_text(8), nullable=True))
    op.create_table(
        "controls",
        sa.Column("scope", ascii_text(8), nullable=False),
        sa.Column("name", text(255), nullable=False),
        sa.Column("paused_at", UtcDateTime(), nullable=True),
        sa.Column("rate_count", sa.Integer(), nullable=True),
        sa.Column("rate_seconds", sa.Integer(), nullable=True),
        sa.Column("at_once", sa.Integer(), nullable=True),
        sa.Column("returns_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("scope", "name", name="pk_controls"),
        **TABLE_OPTIONS,
    )
    op.create_table(
        "control_slots",
        sa.Column("scope", ascii_text(8), nullable=False),
        sa.Column("name", text(255), nullable=False),
        sa.Column("kind", ascii_text(8), nullable=False),
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("free_at", UtcDateTime(), nullable=False),
        sa.Column("job_id", ascii_text(155), nullable=True),
        sa.PrimaryKeyConstraint("scope", "name", "kind", "number", name="pk_control_slots"),
        **TABLE_OPTIONS,
    )
    op.create_index("ix_control_slots_job_id", "control_slots", ["job_id"])
