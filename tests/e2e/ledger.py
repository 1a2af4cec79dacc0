"""The ledger: a table of its own in which test tasks write what they did."""

from __future__ import annotations

from sqlalchemy import Column, Float, Integer, MetaData, String, Table

metadata = MetaData()
ledger = Table(
    "ledger",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("job_id", String(155), nullable=False),
    Column("text", String(100), nullable=False),
    Column("at", Float(53), nullable=False),
)
