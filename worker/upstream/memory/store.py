"""Keeps the memory upstream's state: in SQLite, inside the process or in a shared file."""

from __future__ import annotations

import sqlite3
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Generic, TypeVar

import msgspec

from chalicelib.domain.records import Observed
from chalicelib.errors import PermanentError, RetryableError
from worker.upstream import errors

_SCHEMA = """
CREATE TABLE IF NOT EXISTS things (
    upstream_id TEXT PRIMARY KEY, noun TEXT, token TEXT, looks_left INTEGER, body BLOB,
    UNIQUE (noun, token));
CREATE TABLE IF NOT EXISTS failures (
    id INTEGER PRIMARY KEY, method TEXT, family TEXT, message TEXT, retry_after_seconds REAL);
CREATE TABLE IF NOT EXISTS calls (id INTEGER PRIMARY KEY, method TEXT, argument TEXT);
"""


Seen = TypeVar("Seen", bound=Observed)


class MemoryStore(Generic[Seen]):
    """Things of one kind in an SQLite database, its transactions one after another."""

    def __init__(self, path: str | None, noun: str, seen_type: type[Seen]) -> None:
        """`path`: file that processes and kinds share; None keeps everything in this object."""
        self._path, self._noun, self._seen_type = path, noun, seen_type
        self._lock = threading.Lock()
        # A connection of SQLite must not cross a fork: with a file, each transaction opens one.
        self._kept = None if path else _connect(":memory:")
        if self._kept is not None:
            weakref.finalize(self, self._kept.close)
        with self._connection() as connection:
            connection.executescript(_SCHEMA)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Give a connection on which nobody else writes; an exception undoes what was done."""
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            with connection:
                yield connection

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        with self._lock:
            connection = self._kept or _connect(str(self._path))
            try:
                yield connection
            finally:
                if connection is not self._kept:
                    connection.close()

    def insert(self, db: sqlite3.Connection, token: str, looks_left: int, new: Seen) -> None:
        """Add a thing."""
        db.execute(
            "INSERT INTO things (upstream_id, noun, token, looks_left, body)"
            " VALUES (?, ?, ?, ?, ?)",
            (new.upstream_id, self._noun, token, looks_left, msgspec.json.encode(new)),
        )

    def select_all(self, db: sqlite3.Connection) -> list[Seen]:
        """Return every thing of this kind, oldest first."""
        query = "SELECT body FROM things WHERE noun = ? ORDER BY rowid"
        return [self._decode(body) for (body,) in db.execute(query, (self._noun,))]

    def find(self, db: sqlite3.Connection, token: str) -> Seen | None:
        """Return the one made with this token, None if none was."""
        query = "SELECT body FROM things WHERE noun = ? AND token = ?"
        row = db.execute(query, (self._noun, token)).fetchone()
        return self._decode(row[0]) if row else None

    def load(self, db: sqlite3.Connection, upstream_id: str) -> Seen:
        """Return the one with this id. Raises UpstreamNotFound."""
        query = "SELECT body FROM things WHERE noun = ? AND upstream_id = ?"
        row = db.execute(query, (self._noun, upstream_id)).fetchone()
        if row is None:
            raise errors.UpstreamNotFound
        return self._decode(row[0])

    def save(self, db: sqlite3.Connection, wanted: Seen) -> Seen:
        """Replace the one that has this one's id; return `wanted`."""
        query = "UPDATE things SET body = ? WHERE upstream_id = ?"
        db.execute(query, (msgspec.json.encode(wanted), wanted.upstream_id))
        return wanted

    def remove(self, db: sqlite3.Connection, upstream_id: str) -> None:
        """Forget the one with this id, if there is one."""
        query = "DELETE FROM things WHERE noun = ? AND upstream_id = ?"
        db.execute(query, (self._noun, upstream_id))

    def look(self, db: sqlite3.Connection, upstream_id: str) -> bool:
        """Use up one look at a thing; return whether one was left."""
        looked = db.execute(
            "UPDATE things SET looks_left = looks_left - 1"
            " WHERE upstream_id = ? AND looks_left > 0",
            (upstream_id,),
        )
        return looked.rowcount > 0

    def _decode(self, body: bytes) -> Seen:
        return msgspec.json.decode(body, type=self._seen_type)


def _connect(path: str) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)


def push_failure(
    db: sqlite3.Connection, method: str, error: RetryableError | PermanentError
) -> None:
    """Queue a failure for `method`. Raises TypeError if another process could not revive it."""
    family = type(error).__name__
    if getattr(errors, family, None) is not type(error):
        raise TypeError(f"{family} is not a family of worker.upstream.errors")
    db.execute(
        "INSERT INTO failures (method, family, message, retry_after_seconds) VALUES (?, ?, ?, ?)",
        (method, family, error.message, getattr(error, "retry_after_seconds", None)),
    )


def pop_failure(db: sqlite3.Connection, method: str) -> Exception | None:
    """Take the oldest failure queued for `method`, None if none is."""
    row = db.execute(
        "SELECT id, family, message, retry_after_seconds FROM failures"
        " WHERE method = ? ORDER BY id LIMIT 1",
        (method,),
    ).fetchone()
    if row is None:
        return None
    db.execute("DELETE FROM failures WHERE id = ?", row[:1])
    error: Exception = getattr(errors, row[1])(row[2])
    if isinstance(error, RetryableError):
        error.retry_after_seconds = row[3]
    return error
