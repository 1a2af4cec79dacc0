"""Webhooks: where a project wants to hear of its jobs and resources."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Table

from chalicelib.db.tables.metadata import TABLE_OPTIONS, metadata
from chalicelib.db.types import Json, UtcDateTime, ascii_text, text

webhooks = Table(
    "webhooks",
    metadata,
    Column("id", ascii_text(36), primary_key=True),
    Column("project_id", text(64), nullable=False),
    #: A one-off webhook hears of this job alone.
    Column("job_id", ascii_text(155), ForeignKey("jobs.id", ondelete="CASCADE")),
    #: An http(s) address, or the ARN of an SNS topic.
    Column("url", text(2048), nullable=False),
    #: Patterns of event types, e.g. ["load_balancer.*"].
    Column("events", Json(), nullable=False),
    #: The key of the signatures: kept as it is, because signing takes the key itself.
    Column("secret", ascii_text(128), nullable=False),
    #: The one before the last rotation, which signs as well until it expires.
    Column("previous_secret", ascii_text(128)),
    Column("previous_secret_expires_at", UtcDateTime()),
    Column("disabled_at", UtcDateTime()),
    #: Why it was disabled, for its owner.
    Column("disabled_reason", text(255)),
    Column("created_at", UtcDateTime(), nullable=False),
    Column("updated_at", UtcDateTime(), nullable=False),
    Index("ix_webhooks_project_id_created_at_id", "project_id", "created_at", "id"),
    Index("ix_webhooks_job_id", "job_id"),
    **TABLE_OPTIONS,
)
