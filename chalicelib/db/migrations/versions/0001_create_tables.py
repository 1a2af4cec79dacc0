"""Creates the first tables: jobs, attempts, load balancers, tokens, workers."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chalicelib.db.tables.metadata import TABLE_OPTIONS
from chalicelib.db.types import Json, UtcDateTime, ascii_text, text

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", ascii_text(155), nullable=False),
        sa.Column("project_id", text(64), nullable=False),
        sa.Column("task", text(255), nullable=False),
        sa.Column("queue", ascii_text(80), nullable=False),
        sa.Column("parameters", Json(), nullable=False),
        sa.Column("message", Json(), nullable=True),
        sa.Column("state", ascii_text(16), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("run_at", UtcDateTime(), nullable=False),
        sa.Column("rung_at", UtcDateTime(), nullable=True),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("finished_at", UtcDateTime(), nullable=True),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("max_attempts", sa.Integer(), nullable=False),
        sa.Column("worker_id", ascii_text(36), nullable=True),
        sa.Column("claim_id", ascii_text(36), nullable=True),
        sa.Column("lease_expires_at", UtcDateTime(), nullable=True),
        sa.Column("cancel_requested_at", UtcDateTime(), nullable=True),
        sa.Column("result", Json(), nullable=True),
        sa.Column("error", Json(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        **TABLE_OPTIONS,
    )
    op.create_index("ix_jobs_dispatch", "jobs", ["queue", "state", "rung_at", "run_at"])
    op.create_index("ix_jobs_finished_at", "jobs", ["finished_at"])
    op.create_index("ix_jobs_project_id_created_at_id", "jobs", ["project_id", "created_at", "id"])
    op.create_table(
        "load_balancers",
        sa.Column("id", ascii_text(36), nullable=False),
        sa.Column("project_id", text(64), nullable=False),
        sa.Column("name", text(255), nullable=False),
        sa.Column("type", ascii_text(16), nullable=False),
        sa.Column("scheme", ascii_text(16), nullable=False),
        sa.Column("ip_address_type", ascii_text(16), nullable=False),
        sa.Column("subnet_ids", Json(), nullable=False),
        sa.Column("security_group_ids", Json(), nullable=False),
        sa.Column("tags", Json(), nullable=False),
        sa.Column("attributes", Json(), nullable=False),
        sa.Column("provisioning_status", ascii_text(16), nullable=False),
        sa.Column("upstream_id", ascii_text(255), nullable=True),
        sa.Column("dns_name", text(255), nullable=True),
        sa.Column("vip_address", ascii_text(64), nullable=True),
        sa.Column("network_id", ascii_text(64), nullable=True),
        sa.Column("zones", Json(), nullable=False),
        sa.Column("fault", Json(), nullable=True),
        sa.Column("job_id", ascii_text(155), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_load_balancers"),
        sa.UniqueConstraint("upstream_id", name="uq_load_balancers_upstream_id"),
        **TABLE_OPTIONS,
    )
    op.create_index(
        "ix_load_balancers_project_id_created_at_id",
        "load_balancers",
        ["project_id", "created_at", "id"],
    )
    op.create_table(
        "tokens",
        sa.Column("id", ascii_text(36), nullable=False),
        sa.Column("project_id", text(64), nullable=False),
        sa.Column("digest", ascii_text(64), nullable=False),
        sa.Column("scopes", Json(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("revoked_at", UtcDateTime(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_tokens"),
        sa.UniqueConstraint("digest", name="uq_tokens_digest"),
        **TABLE_OPTIONS,
    )
    op.create_table(
        "workers",
        sa.Column("id", ascii_text(36), nullable=False),
        sa.Column("hostname", text(255), nullable=False),
        sa.Column("pid", sa.Integer(), nullable=False),
        sa.Column("concurrency", sa.Integer(), nullable=False),
        sa.Column("queues", Json(), nullable=False),
        sa.Column("started_at", UtcDateTime(), nullable=False),
        sa.Column("last_heartbeat_at", UtcDateTime(), nullable=False),
        sa.Column("heard", Json(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_workers"),
        **TABLE_OPTIONS,
    )
    op.create_index("ix_workers_last_heartbeat_at", "workers", ["last_heartbeat_at"])
    op.create_table(
        "attempts",
        sa.Column("id", ascii_text(36), nullable=False),
        sa.Column("job_id", ascii_text(155), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("worker_id", ascii_text(36), nullable=True),
        sa.Column("started_at", UtcDateTime(), nullable=True),
        sa.Column("ended_at", UtcDateTime(), nullable=False),
        sa.Column("outcome", ascii_text(16), nullable=False),
        sa.Column("error", Json(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_attempts"),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_attempts_job_id", ondelete="CASCADE"
        ),
        **TABLE_OPTIONS,
    )
    op.create_index("ix_attempts_job_id_ended_at", "attempts", ["job_id", "ended_at"])
