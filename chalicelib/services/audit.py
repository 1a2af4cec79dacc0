"""The audit: who did what, written in the transaction in which it is done."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any

from sqlalchemy import Connection, Engine, Row, insert, select

from chalicelib.db.clock import now
from chalicelib.db.engine import connect
from chalicelib.db.paging import newest_first, older_than
from chalicelib.db.tables import audit_entries
from chalicelib.domain.ids import new_id
from chalicelib.errors import NotFound
from chalicelib.tracing import current_trace

#: The token of the request that is being answered; None outside of requests.
acting_token: ContextVar[str | None] = ContextVar("acting_token", default=None)


def record(
    connection: Connection, project_id: str, action: str, target: str | None, **details: Any
) -> None:
    """Note that the caller of this request did something.

    `action`: noun and verb, such as jobs.cancel. `target`: id of what it was done to.
    """
    trace = current_trace.get()
    connection.execute(
        insert(audit_entries).values(
            id=new_id(),
            project_id=project_id,
            created_at=now(),
            token_id=acting_token.get(),
            request_id=trace and trace.request_id,
            action=action,
            target=target,
            details=details or None,
        )
    )


def record_alone(
    engine: Engine, project_id: str, action: str, target: str | None, **details: Any
) -> None:
    """Note what was done outside of the database."""
    with connect(engine) as connection:
        record(connection, project_id, action, target, **details)


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
