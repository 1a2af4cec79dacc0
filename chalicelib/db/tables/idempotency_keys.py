"""Keys that clients gave their requests, so that a repeated one makes nothing twice."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table

from chalicelib.db.tables.metadata import TABLE_OPTIONS, metadata
from chalicelib.db.types import Json, UtcDateTime, ascii_text, text

idempotency_keys = Table(
    "idempotency_keys",
    metadata,
    Column("project_id", text(64), primary_key=True),
    Column("key", ascii_text(255), primary_key=True),
    #: SHA-256 of what was asked: the route and the body.
    Column("fingerprint", ascii_text(64), nullable=False),
    #: Ids of what the first request made.
    Column("made", Json(), nullable=False),
    Column("created_at", UtcDateTime(), nullable=False),
    Index("ix_idempotency_keys_created_at", "created_at"),
    **TABLE_OPTIONS,
)
