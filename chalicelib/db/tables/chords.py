"""Chords: how many parts have still to succeed before the job that takes their results."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table

from chalicelib.db.tables.metadata import TABLE_OPTIONS, metadata
from chalicelib.db.types import Json, UtcDateTime, ascii_text

#: Gone when its body has been made, or will never be.
chords = Table(
    "chords",
    metadata,
    #: Celery's id of the group of its parts.
    Column("id", ascii_text(155), primary_key=True),
    #: Parts that have not succeeded yet.
    Column("missing", Integer(), nullable=False),
    #: Ids of the parts' jobs, in the order of their results.
    Column("parts", Json(), nullable=False),
    Column("created_at", UtcDateTime(), nullable=False),
    Index("ix_chords_created_at", "created_at"),
    **TABLE_OPTIONS,
)
