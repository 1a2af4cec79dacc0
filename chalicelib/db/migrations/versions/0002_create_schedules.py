"""Creates the table of schedules."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chalicelib.db.tables.metadata import TABLE_OPTIONS
from chalicelib.db.types import Json, UtcDateTime, ascii_text, text

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "schedules",
        sa.Column("id", ascii_text(36), nullable=False),
        sa.Column("project_id", text(64), nullable=False),
        sa.Column("name", text(255), nullable=False),
        sa.Column("task", text(255), nullable=False),
        sa.Column("parameters", Json(), nullable=False),
        sa.Column("cron", text(255), nullable=True),
        sa.Column("time_zone", ascii_text(64), nullable=False),
        sa.Column("every_seconds", sa.Integer(), nullable=True),
        sa.Column("if_missed", ascii_text(16), nullable=False),
        sa.Column("paused_at", UtcDateTime(), nullable=True),
        sa.Column("next_run_at", UtcDateTime(), nullable=True),
        sa.Column("last_run_at", UtcDateTime(), nullable=True),
        sa.Column("last_job_id", ascii_text(155), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_schedules"),
        sa.UniqueConstraint("project_id", "name", name="uq_schedules_project_id_name"),
        **TABLE_OPTIONS,
    )
    op.create_index("ix_schedules_next_run_at", "schedules", ["next_run_at"])
    op.create_index(
        "ix_schedules_project_id_created_at_id", "schedules", ["project_id", "created_at", "id"]
    )
