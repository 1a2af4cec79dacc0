"""Who did what, in the transaction in which it was done. POST /jobs is told by the job itself."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table

from chalicelib.db.tables.metadata import TABLE_OPTIONS, metadata
from chalicelib.db.types import Json, UtcDateTime, ascii_text, text

audit_entries = Table(
    "audit_entries",
    metadata,
    Column("id", ascii_text(36), primary_key=True),
    Column("project_id", text(64), nullable=False),
    Column("created_at", UtcDateTime(), nullable=False),
    #: Whose request it was; NULL: an operator's command.
    Column("token_id", ascii_text(36)),
    Column("request_id", ascii_text(64)),
    #: Noun and verb, such as jobs.cancel.
    Column("action", ascii_text(64), nullable=False),
    #: Id of what it was done to.
    Column("target", text(255)),
    Column("details", Json()),
    Index("ix_audit_entries_project_id_created_at_id", "project_id", "created_at", "id"),
    Index("ix_audit_entries_created_at", "created_at"),
    **TABLE_OPTIONS,
)
