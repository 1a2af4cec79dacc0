"""Tokens that callers prove themselves with; the token itself is never kept."""

from __future__ import annotations

from sqlalchemy import Column, Table

from chalicelib.db.tables.metadata import TABLE_OPTIONS, metadata
from chalicelib.db.types import Json, UtcDateTime, ascii_text, text

tokens = Table(
    "tokens",
    metadata,
    Column("id", ascii_text(36), primary_key=True),
    Column("project_id", text(64), nullable=False),
    #: SHA-256 of the token, in hexadecimal. Tokens are random, so no salt is needed.
    Column("digest", ascii_text(64), nullable=False, unique=True),
    Column("scopes", Json(), nullable=False),
    Column("created_at", UtcDateTime(), nullable=False),
    Column("revoked_at", UtcDateTime()),
    **TABLE_OPTIONS,
)
