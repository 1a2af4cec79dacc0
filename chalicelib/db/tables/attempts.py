"""Attempts that did not succeed; the facts of the one that did are on the job itself."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Integer, Table

from chalicelib.db.tables.metadata import TABLE_OPTIONS, metadata
from chalicelib.db.types import Json, UtcDateTime, ascii_text

attempts = Table(
    "attempts",
    metadata,
    #: Its own: a claim whose first answer was lost can begin a second attempt.
    Column("id", ascii_text(36), primary_key=True),
    Column("job_id", ascii_text(155), ForeignKey("jobs.id", ondelete="CASCADE"), nullable=False),
    #: 1 for the first; a released attempt's number is used again.
    Column("number", Integer(), nullable=False),
    Column("worker_id", ascii_text(36)),
    Column("started_at", UtcDateTime()),
    Column("ended_at", UtcDateTime(), nullable=False),
    #: How it ended: failed, lost, released, cancelled.
    Column("outcome", ascii_text(16), nullable=False),
    Column("error", Json()),
    Index("ix_attempts_job_id_ended_at", "job_id", "ended_at"),
    **TABLE_OPTIONS,
)
