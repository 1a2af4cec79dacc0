"""Which jobs carry a tag, in the order in which lists show them."""

from __future__ import annotations

from sqlalchemy import Column, ForeignKey, Index, Table

from chalicelib.db.tables.metadata import TABLE_OPTIONS, metadata
from chalicelib.db.types import UtcDateTime, ascii_text, text

job_tags = Table(
    "job_tags",
    metadata,
    Column("project_id", text(64), primary_key=True),
    Column("tag", text(64), primary_key=True),
    #: Its job's, so that the key of this table is the order of the list.
    Column("created_at", UtcDateTime(), primary_key=True),
    Column("job_id", ascii_text(155), ForeignKey("jobs.id", ondelete="CASCADE"), primary_key=True),
    Index("ix_job_tags_job_id", "job_id"),
    **TABLE_OPTIONS,
)
