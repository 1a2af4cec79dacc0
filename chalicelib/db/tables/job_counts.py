"""How many jobs ended in each minute of the last day: what charts are drawn from."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, SmallInteger, Table

from chalicelib.db.tables.metadata import TABLE_OPTIONS, metadata
from chalicelib.db.types import ascii_text, text

job_counts = Table(
    "job_counts",
    metadata,
    Column("project_id", text(64), primary_key=True),
    #: Minutes since 1970 in UTC.
    Column("minute", Integer(), primary_key=True, autoincrement=False),
    Column("task", text(255), primary_key=True),
    #: The one that they ended in.
    Column("state", ascii_text(16), primary_key=True),
    #: How long they had waited: see domain/waits.py; -1: they never began.
    Column("wait", SmallInteger(), primary_key=True, autoincrement=False),
    #: How many of them ended.
    Column("ended", Integer(), nullable=False),
    # Of what is counted already, and of what is old.
    Index("ix_job_counts_minute", "minute"),
    **TABLE_OPTIONS,
)
