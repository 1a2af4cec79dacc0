"""Adds what a client may ask of a job: tags, a time limit, uniqueness; and keys of requests."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chalicelib.db.tables.metadata import TABLE_OPTIONS
from chalicelib.db.types import Json, UtcDateTime, ascii_text, text

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    unfinished = "CASE WHEN state IN ('PENDING', 'RETRY', 'STARTED') THEN unique_digest END"
    op.add_column("jobs", sa.Column("tags", Json(), nullable=True))
    op.add_column("jobs", sa.Column("timeout_seconds", sa.Integer(), nullable=True))
    op.add_column("jobs", sa.Column("created_by", ascii_text(36), nullable=True))
    op.add_column("jobs", sa.Column("unique_digest", ascii_text(64), nullable=True))
    op.add_column(
        "jobs",
        sa.Column("unique_lock", ascii_text(64), sa.Computed(unfinished, persisted=False)),
    )
    op.create_index("uq_jobs_unique_lock", "jobs", ["unique_lock"], unique=True)
    for name in ("state", "task", "queue"):
        columns = ["project_id", name, "created_at", "id"]
        op.create_index(f"ix_jobs_{'_'.join(columns)}", "jobs", columns)
    op.create_table(
        "job_tags",
        sa.Column("project_id", text(64), nullable=False),
        sa.Column("tag", text(64), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("job_id", ascii_text(155), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "tag", "created_at", "job_id", name="pk_job_tags"),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_job_tags_job_id", ondelete="CASCADE"
        ),
        **TABLE_OPTIONS,
    )
    op.create_index("ix_job_tags_job_id", "job_tags", ["job_id"])
    op.create_table(
        "idempotency_keys",
        sa.Column("project_id", text(64), nullable=False),
        sa.Column("key", ascii_text(255), nullable=False),
        sa.Column("fingerprint", ascii_text(64), nullable=False),
        sa.Column("made", Json(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("project_id", "key", name="pk_idempotency_keys"),
        **TABLE_OPTIONS,
    )
    op.create_index("ix_idempotency_keys_created_at", "idempotency_keys", ["created_at"])
