"""Keys of jobs that must not overlap, and the jobs that stand in line for each."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Table

from chalicelib.db.tables.metadata import TABLE_OPTIONS, metadata
from chalicelib.db.types import ascii_text

#: One row for each key that has unfinished jobs; who changes a key's line holds its lock.
job_keys = Table(
    "job_keys",
    metadata,
    #: SHA-256 of project and key, in hexadecimal.
    Column("id", ascii_text(64), primary_key=True),
    #: Place of the last job that joined the line.
    Column("last_place", BigInteger(), nullable=False),
    **TABLE_OPTIONS,
)

job_key_places = Table(
    "job_key_places",
    metadata,
    Column("key_id", ascii_text(64), primary_key=True),
    #: Smaller ones first; the first that has not ended is the one whose turn it is.
    Column("place", BigInteger(), primary_key=True, autoincrement=False),
    Column("job_id", ascii_text(155), nullable=False),
    **TABLE_OPTIONS,
)
