"""Groups of results that Celery clients saved, to find their jobs again by one id."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table

from chalicelib.db.tables.metadata import TABLE_OPTIONS, metadata
from chalicelib.db.types import Json, UtcDateTime, ascii_text

saved_groups = Table(
    "saved_groups",
    metadata,
    #: Celery's id of the group.
    Column("id", ascii_text(155), primary_key=True),
    #: Ids of the jobs and groups in it, as Celery writes a GroupResult as a tuple.
    Column("members", Json(), nullable=False),
    Column("created_at", UtcDateTime(), nullable=False),
    # The cleaner's.
    Index("ix_saved_groups_created_at", "created_at"),
    **TABLE_OPTIONS,
)
