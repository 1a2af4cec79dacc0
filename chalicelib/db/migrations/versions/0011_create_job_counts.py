"""Creates the counts of jobs that ended, by minute."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chalicelib.db.tables.metadata import TABLE_OPTIONS
from chalicelib.db.types import ascii_text, text

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "job_counts",
        sa.Column("project_id", text(64), nullable=False),
        sa.Column("minute", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("task", text(255), nullable=False),
        sa.Column("state", ascii_text(16), nullable=False),
        sa.Column("wait", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("ended", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(
            "project_id", "minute", "task", "state", "wait", name="pk_job_counts"
        ),
        **TABLE_OPTIONS,
    )
    op.create_index("ix_job_counts_minute", "job_counts", ["minute"])


def downgrade() -> None:
    op.drop_table("job_counts")
