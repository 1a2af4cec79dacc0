"""Tokens that callers prove themselves with; the token itself is never kept."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table

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
    #: What its owner calls it.
    Column("name", text(255)),
    #: From then on it is worth nothing; NULL: never.
    Column("expires_at", UtcDateTime()),
    #: Within a minute.
    Column("last_used_at", UtcDateTime()),
    #: A minute since 1970, and the requests in it that were let through; for the rate limit.
    Column("requests_minute", BigInteger()),
    Column("requests", Integer()),
    Index("ix_tokens_project_id_created_at_id", "project_id", "created_at", "id"),
    **TABLE_OPTIONS,
)
