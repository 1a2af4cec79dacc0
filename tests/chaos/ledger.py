"""The ledger that a run is judged by: what each attempt did, beside the product's own tables."""

from __future__ import annotations

import os
import time
from functools import lru_cache

from sqlalchemy import Column, Connection, Engine, Index, Integer, MetaData, Table, insert, update
from sqlalchemy.exc import IntegrityError

from chalicelib.db.clock import now
from chalicelib.db.engine import connect, make_engine
from chalicelib.db.types import UtcDateTime, ascii_text
from chalicelib.domain.ids import new_id
from chalicelib.errors import DatabaseUnavailable
from chalicelib.settings import get_settings

metadata = MetaData()

#: The effect that no transaction protects: one row for each time that a task's code began.
starts = Table(
    "chaos_starts",
    metadata,
    Column("id", ascii_text(36), primary_key=True),
    Column("job_id", ascii_text(155), nullable=False),
    Column("claim_id", ascii_text(36), nullable=False),
    Column("worker_id", ascii_text(36), nullable=False),
    Column("main_pid", Integer(), nullable=False),
    Column("pid", Integer(), nullable=False),
    Column("attempt", Integer(), nullable=False),
    Column("started_at", UtcDateTime(), nullable=False),
    Column("ended_at", UtcDateTime()),
    Index("ix_chaos_starts_job_id", "job_id"),
)
#: The effect that is recorded with the outcome. No key keeps a second one out, on purpose.
effects = Table(
    "chaos_effects",
    metadata,
    Column("id", Integer(), primary_key=True, autoincrement=True),
    Column("job_id", ascii_text(155), nullable=False),
    Column("claim_id", ascii_text(36), nullable=False),
    Index("ix_chaos_effects_job_id", "job_id"),
)
#: Jobs with keys, in the order in which their transactions had the lines of their keys.
lines = Table(
    "chaos_lines",
    metadata,
    Column("id", Integer(), primary_key=True, autoincrement=True),
    Column("job_id", ascii_text(155), nullable=False),
)


def note_start(job_id: str, claim_id: str, worker_id: str, attempt: int) -> str:
    """Write, on a connection of its own, that a task's code began; returns the row's id."""
    row_id = new_id()
    values = {
        "id": row_id,
        "job_id": job_id,
        "claim_id": claim_id,
        "worker_id": worker_id,
        "main_pid": os.getppid(),
        "pid": os.getpid(),
        "attempt": attempt,
    }

    def write(connection: Connection) -> None:
        try:
            connection.execute(insert(starts).values(**values, started_at=now()))
        except IntegrityError:
            return  # written before; the answer was lost

    _insist(write)
    return row_id


def note_end(row_id: str) -> None:
    """Write that the task's code ended, however it ended."""
    _insist(
        lambda connection: connection.execute(
            update(starts).where(starts.c.id == row_id).values(ended_at=now())
        )
    )


def count_starts(job_id: str) -> int:
    """How often the code of this job's task has begun so far."""
    found: list[int] = []

    def read(connection: Connection) -> None:
        query = starts.select().where(starts.c.job_id == job_id)
        found[:] = [len(connection.execute(query).all())]

    _insist(read)
    return found[0]


def _insist(work: object) -> None:
    """The ledger is no part of what is tested: it waits until the database is back."""
    assert callable(work)
    while True:
        try:
            with connect(_engine(os.getpid())) as connection:
                work(connection)
        except DatabaseUnavailable:
            time.sleep(0.2)
        else:
            return


@lru_cache(maxsize=1)
def _engine(pid: int) -> Engine:
    return make_engine(get_settings().database_url)
