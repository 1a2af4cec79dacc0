"""Creates webhooks and their deliveries, and numbers what happens to a load balancer."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chalicelib.db.tables.metadata import TABLE_OPTIONS
from chalicelib.db.types import Json, UtcDateTime, ascii_text, text

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "webhooks",
        sa.Column("id", ascii_text(36), nullable=False),
        sa.Column("project_id", text(64), nullable=False),
        sa.Column("job_id", ascii_text(155), nullable=True),
        sa.Column("url", text(2048), nullable=False),
        sa.Column("events", Json(), nullable=False),
        sa.Column("secret", ascii_text(128), nullable=False),
        sa.Column("previous_secret", ascii_text(128), nullable=True),
        sa.Column("previous_secret_expires_at", UtcDateTime(), nullable=True),
        sa.Column("disabled_at", UtcDateTime(), nullable=True),
        sa.Column("disabled_reason", text(255), nullable=True),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.Column("updated_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_webhooks"),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_webhooks_job_id", ondelete="CASCADE"
        ),
        **TABLE_OPTIONS,
    )
    op.create_index(
        "ix_webhooks_project_id_created_at_id", "webhooks", ["project_id", "created_at", "id"]
    )
    op.create_index("ix_webhooks_job_id", "webhooks", ["job_id"])
    op.create_table(
        "deliveries",
        sa.Column("id", ascii_text(36), nullable=False),
        sa.Column("project_id", text(64), nullable=False),
        sa.Column("webhook_id", ascii_text(36), nullable=False),
        sa.Column("job_id", ascii_text(155), nullable=False),
        sa.Column("event_type", ascii_text(64), nullable=False),
        sa.Column("payload", Json(), nullable=False),
        sa.Column("created_at", UtcDateTime(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.ForeignKeyConstraint(
            ["webhook_id"], ["webhooks.id"], name="fk_deliveries_webhook_id", ondelete="CASCADE"
        ),
        sa.ForeignKeyConstraint(
            ["job_id"], ["jobs.id"], name="fk_deliveries_job_id", ondelete="CASCADE"
        ),
        **TABLE_OPTIONS,
    )
    op.create_index(
        "ix_deliveries_webhook_id_created_at_id", "deliveries", ["webhook_id", "created_at", "id"]
    )
    op.create_index("ix_deliveries_job_id", "deliveries", ["job_id"])
    op.add_column(
        "load_balancers", sa.Column("sequence", sa.Integer(), nullable=False, server_default="0")
    )
