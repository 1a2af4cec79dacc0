"""The ledger: a table of its own in which test tasks write what they did."""

from __future__ import annotations

import time
from collections.abc import Callable

from sqlalchemy import Column, Connection, Float, Integer, MetaData, String, Table

from chalicelib.db.engine import connect
from worker import process

metadata = MetaData()
ledger = Table(
    "ledger",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("job_id", String(155), nullable=False),
    Column("text", String(100), nullable=False),
    Column("at", Float(53), nullable=False),
)


def write(job_id: str, text: str) -> Callable[[Connection], None]:
    """A line of the ledger, to be written in somebody's transaction."""

    def effect(connection: Connection) -> None:
        connection.execute(ledger.insert().values(job_id=job_id, text=text, at=time.time()))

    return effect


def note(job_id: str, text: str) -> None:
    """Write a line at once, whatever becomes of the attempt."""
    with connect(process.engine()) as connection:
        write(job_id, text)(connection)


def read_notes(job_id: str) -> list[str]:
    """The lines about a job."""
    with connect(process.engine()) as connection:
        found = connection.execute(ledger.select().where(ledger.c.job_id == job_id))
        return [row.text for row in found]
