"""Worker processes that are alive, or were until a moment ago."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table

from chalicelib.db.tables.metadata import TABLE_OPTIONS, metadata
from chalicelib.db.types import Json, UtcDateTime, ascii_text, text

workers = Table(
    "workers",
    metadata,
    Column("id", ascii_text(36), primary_key=True),
    Column("hostname", text(255), nullable=False),
    Column("pid", Integer(), nullable=False),
    Column("concurrency", Integer(), nullable=False),
    Column("queues", Json(), nullable=False),
    Column("started_at", UtcDateTime(), nullable=False),
    Column("last_heartbeat_at", UtcDateTime(), nullable=False),
    #: Per queue, how many seconds before its last heartbeat it had heard every bell.
    Column("heard", Json(), nullable=False),
    Index("ix_workers_last_heartbeat_at", "last_heartbeat_at"),
    **TABLE_OPTIONS,
)
