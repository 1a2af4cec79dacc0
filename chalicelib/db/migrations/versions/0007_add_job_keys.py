"""Adds keys: jobs that share one run one at a time."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chalicelib.db.tables.metadata import TABLE_OPTIONS
from chalicelib.db.types import Json, UtcDateTime, ascii_text, text

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("key", text(255), nullable=True))
    op.add_column("jobs", sa.Column("not_before", UtcDateTime(), nullable=True))
    op.add_column("jobs", sa.Column("superseded_by", ascii_text(155), nullable=True))
    op.add_column("jobs", sa.Column("supersedes", Json(), nullable=True))
    op.create_table(
        "job_keys",
        sa.Column("id", ascii_text(64), nullable=False),
        sa.Column("last_place", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_job_keys"),
        **TABLE_OPTIONS,
    )
    op.create_table(
        "job_key_places",
        sa.Column("key_id", ascii_text(64), nullable=False),
        sa.Column("place", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("job_id", ascii_text(155), nullable=False),
        sa.PrimaryKeyConstraint("key_id", "place", name="pk_job_key_places"),
        **TABLE_OPTIONS,
    )
