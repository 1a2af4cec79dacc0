"""Deliveries: one event for one webhook; the job that sends it knows how that went."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Table

from chalicelib.db.tables.metadata import TABLE_OPTIONS, metadata
from chalicelib.db.types import Json, UtcDateTime, ascii_text, text

deliveries = Table(
    "deliveries",
    metadata,
    #: The header webhook-id, the same however often it is sent.
    Column("id", ascii_text(36), primary_key=True),
    Column("project_id", text(64), nullable=False),
    Column(
        "webhook_id", ascii_text(36), ForeignKey("webhooks.id", ondelete="CASCADE"), nullable=False
    ),
    #: The job that sends it, the last one if it was redelivered; it is cleaned away with it.
    Column("job_id", ascii_text(155), ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    Column("event_type", ascii_text(64), nullable=False),
    Column("payload", Json(), nullable=False),
    Column("created_at", UtcDateTime(), nullable=False),
    Index("ix_deliveries_webhook_id_created_at_id", "webhook_id", "created_at", "id"),
    Index("ix_deliveries_job_id", "job_id"),
    **TABLE_OPTIONS,
)
