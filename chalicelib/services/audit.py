"""The audit: who did what, written in the transaction in which it is done."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from sqlalchemy import Connection, Engine, Row, delete, insert, select, update

from chalicelib.db.clock import now, seconds_from_now
from chalicelib.db.engine import connect
from chalicelib.db.paging import newest_first, older_than
from chalicelib.db.tables import audit_entries
from chalicelib.domain.ids import new_id
from chalicelib.errors import NotFound
from chalicelib.tracing import current_trace

#: Entries deleted in one statement, and how often in a row.
_CHUNK = 1000
_ROUNDS = 20

#: The token of the request that is being answered; None outside of requests.
acting_token: ContextVar[str | None] = ContextVar("acting_token", default=None)


def record(
    connection: Connection, project_id: str, action: str, target: str | None, **details: Any
) -> str:
    """Note that the caller of this request did something; returns the entry's id.

    `action`: noun and verb, such as jobs.cancel. `target`: id of what it was done to.
    """
    trace = current_trace.get()
    entry_id = new_id()
    connection.execute(
        insert(audit_entries).values(
            id=entry_id,
            project_id=project_id,
            created_at=now(),
            token_id=acting_token.get(),
            request_id=trace and trace.request_id,
            action=action,
            target=target,
            details=details or None,
        )
    )
    return entry_id


def read_details(engine: Engine, entry_id: str) -> dict[str, Any] | None:
    """What `record` or `complete` was told besides; None if it was nothing or is cleaned away."""
    query = select(audit_entries.c.details).where(audit_entries.c.id == entry_id)
    with connect(engine) as connection:
        details: dict[str, Any] | None = connection.execute(query).scalar_one_or_none()
        return details


def complete(engine: Engine, entry_id: str, **details: Any) -> None:
    """Add how it ended to an entry about what is done outside of the database."""
    entry = audit_entries.c.id == entry_id
    with connect(engine) as connection:
        connection.execute(update(audit_entries).where(entry).values(details=details))


def clean(engine: Engine, retention_days: int) -> int:
    """Delete entries of more than this many days ago, in chunks; returns how many there were."""
    is_over = audit_entries.c.created_at < seconds_from_now(-86_400.0 * retention_days)
    oldest = select(audit_entries.c.id).where(is_over).limit(_CHUNK)
    total = 0
    with connect(engine) as connection:
        for _ in range(_ROUNDS):
            ids = list(connection.execute(oldest).scalars())
            if ids:
                connection.execute(delete(audit_entries).where(audit_entries.c.id.in_(ids)))
            total += len(ids)
            if len(ids) < _CHUNK:
                break
    return total


def list_newest(
    engine: Engine, project_id: str, *, limit: int, after: str | None = None
) -> list[Row[Any]]:
    """Entries of a project, newest first. `after`: id of the last one of the page before.

    Raises NotFound if this project has no entry `after`.
    """
    query = select(audit_entries).where(audit_entries.c.project_id == project_id)
    with connect(engine) as connection:
        if after is not None:
            found = query.where(audit_entries.c.id == after)
            last = connection.execute(found).one_or_none()
            if last is None:
                raise NotFound(f"There is no entry {after} in the audit of this project.")
            query = query.where(older_than(audit_entries, last))
        return list(connection.execute(newest_first(query, audit_entries).limit(limit)))
