"""Keeps the memory upstream's state: in SQLite, inside the process or in a shared file."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import msgspec

from chalicelib.domain.load_balancers import ObservedLoadBalancer
from chalicelib.errors import PermanentError, RetryableError
from worker.upstream import errors

_SCHEMA = """
CREATE TABLE IF NOT EXISTS load_balancers (
    upstream_id TEXT PRIMARY KEY, token TEXT UNIQUE, looks_left INTEGER, body BLOB);
CREATE TABLE IF NOT EXISTS failures (
    id INTEGER PRIMARY KEY, method TEXT, family TEXT, message TEXT, retry_after_seconds REAL);
CREATE TABLE IF NOT EXISTS calls (id INTEGER PRIMARY KEY, method TEXT, argument TEXT);
"""


class MemoryStore:
    """One SQLite database, its transactions one after another."""

    def __init__(self, path: str | None) -> None:
        """`path`: file that processes share; None keeps everything in this object."""
        self._path = path
        self._lock = threading.Lock()
        # A connection of SQLite must not cross a fork: with a file, each transaction opens one.
        self._kept = None if path else _connect(":memory:")
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


def _connect(path: str) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=30, isolation_level=None, check_same_thread=False)


def insert(db: sqlite3.Connection, token: str, looks_left: int, new: ObservedLoadBalancer) -> None:
    """Add a load balancer."""
    db.execute(
        "INSERT INTO load_balancers (upstream_id, token, looks_left, body) VALUES (?, ?, ?, ?)",
        (new.upstream_id, token, looks_left, msgspec.json.encode(new)),
    )


def select_all(db: sqlite3.Connection) -> list[ObservedLoadBalancer]:
    """Return every load balancer, oldest first."""
    rows = db.execute("SELECT body FROM load_balancers ORDER BY rowid").fetchall()
    return [_decode(body) for (body,) in rows]


def find(db: sqlite3.Connection, token: str) -> ObservedLoadBalancer | None:
    """Return the load balancer made with this token, None if none was."""
    row = db.execute("SELECT body FROM load_balancers WHERE token = ?", (token,)).fetchone()
    return _decode(row[0]) if row else None


def load(db: sqlite3.Connection, upstream_id: str) -> ObservedLoadBalancer:
    """Return the load balancer with this id. Raises UpstreamNotFound."""
    row = db.execute(
        "SELECT body FROM load_balancers WHERE upstream_id = ?", (upstream_id,)
    ).fetchone()
    if row is None:
        raise errors.UpstreamNotFound
    return _decode(row[0])


def save(db: sqlite3.Connection, wanted: ObservedLoadBalancer) -> ObservedLoadBalancer:
    """Replace the load balancer that has this one's id; return `wanted`."""
    db.execute(
        "UPDATE load_balancers SET body = ? WHERE upstream_id = ?",
        (msgspec.json.encode(wanted), wanted.upstream_id),
    )
    return wanted


def look(db: sqlite3.Connection, upstream_id: str) -> bool:
    """Use up one look at the load balancer; return whether one was left."""
    looked = db.execute(
        "UPDATE load_balancers SET looks_left = looks_left - 1"
        " WHERE upstream_id = ? AND looks_left > 0",
        (upstream_id,),
    )
    return looked.rowcount > 0


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


def _decode(body: bytes) -> ObservedLoadBalancer:
    return msgspec.json.decode(body, type=ObservedLoadBalancer)
