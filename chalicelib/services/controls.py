"""Pauses and limits of queues and tasks, for the whole fleet: set, changed, looked at.

`services.admission` obeys them. A job that is held back waits in its row and has no message
on its way; one that is let go is rung by the dispatcher.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, Engine, Row, delete, insert, null, select, update
from sqlalchemy.dialects import mysql, sqlite

from chalicelib.broker.contracts import all_contracts
from chalicelib.broker.queues import QUEUES
from chalicelib.db.clock import now
from chalicelib.db.engine import connect, in_transaction
from chalicelib.db.tables import control_slots, controls
from chalicelib.errors import NotFound
from chalicelib.services import audit
from chalicelib.services.dispatcher import ring_due
from chalicelib.services.holding import let_go

Scope = Literal["queue", "task"]
#: What a client asks of the row that it wants to change; raises PreconditionFailed.
Require = Callable[[Row[Any]], None]

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
#: Held jobs that are let go in one statement.
_CHUNK = 1000


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """How many jobs of a queue or task may begin, and run; None: any number."""

    #: So many may begin in any `rate_seconds`.
    rate_count: int | None = None
    rate_seconds: int = 1
    #: So many may run at the same time.
    at_once: int | None = None


# Each is told in the audit of the project `by` whose order it was, if it was a project's.


def pause(engine: Engine, scope: Scope, name: str, *, by: str | None = None) -> Row[Any]:
    """Let no job of a queue or task begin until it is resumed; those that run go on.

    Raises NotFound if there is no such queue or task.
    """
    _require(scope, name)

    def work(connection: Connection) -> Row[Any]:
        row = _lock(connection, scope, name)
        if row.paused_at is None:
            connection.execute(update(controls).where(_is(row)).values(paused_at=now()))
        _note(connection, by, scope, "pause", name)
        return _lock(connection, scope, name)

    return in_transaction(engine, work)


def resume(engine: Engine, scope: Scope, name: str, *, by: str | None = None) -> int:
    """Let jobs begin again; returns how many were let go. Nothing happens if it is not paused.

    Raises NotFound if there is no such queue or task.
    """
    _require(scope, name)

    def work(connection: Connection) -> None:
        row = _lock(connection, scope, name)
        connection.execute(update(controls).where(_is(row)).values(paused_at=null()))
        _drop_if_empty(connection, scope, name)
        _note(connection, by, scope, "resume", name)

    in_transaction(engine, work)
    return _let_all_go(engine, scope, name)


def set_limit(
    engine: Engine,
    scope: Scope,
    name: str,
    limit: Limit,
    *,
    by: str | None = None,
    require: Require | None = None,
) -> Row[Any]:
    """Limit a queue or task, in the place of the limit that it has; obeyed by the next claim.

    What begun before counts towards a new rate only as far as the old one counted it.
    Raises NotFound if there is no such queue or task, and what `require` raises.
    """
    _require(scope, name)

    def work(connection: Connection) -> Row[Any]:
        row = _lock(connection, scope, name)
        if require is not None:
            require(row)
        _write_limit(connection, row, limit)
        _note(connection, by, scope, "limit", name)
        return _lock(connection, scope, name)

    found = in_transaction(engine, work)
    _let_all_go(engine, scope, name)
    return found


def remove_limit(
    engine: Engine,
    scope: Scope,
    name: str,
    *,
    by: str | None = None,
    require: Require | None = None,
) -> None:
    """Limit a queue or task no longer. Raises as `set_limit`."""
    _require(scope, name)

    def work(connection: Connection) -> None:
        row = _lock(connection, scope, name)
        if require is not None:
            require(row)
        _write_limit(connection, row, Limit())
        _drop_if_empty(connection, scope, name)
        _note(connection, by, scope, "unlimit", name)

    in_transaction(engine, work)
    _let_all_go(engine, scope, name)


def get(engine: Engine, scope: Scope, name: str) -> Any:
    """What holds for a queue or task: columns of `controls` as attributes, NULL if nothing does.

    Raises NotFound if there is no such queue or task.
    """
    _require(scope, name)
    query = select(controls).where(controls.c.scope == scope, controls.c.name == name)
    with connect(engine) as connection:
        row = connection.execute(query).one_or_none()
    nothing = dict.fromkeys(controls.c.keys()) | {"scope": scope, "name": name}
    return SimpleNamespace(**nothing) if row is None else row


def list_controls(engine: Engine) -> list[Row[Any]]:
    """Everything that is paused or limited."""
    with connect(engine) as connection:
        query = select(controls).order_by(controls.c.scope, controls.c.name)
        return list(connection.execute(query))


def _let_all_go(engine: Engine, scope: str, name: str) -> int:
    total = 0
    while True:
        gone = in_transaction(engine, lambda connection: let_go(connection, scope, name, _CHUNK))
        total += gone
        if gone < _CHUNK:
            break
    if total:
        ring_due(engine)
    return total


def _require(scope: str, name: str) -> None:
    known = QUEUES if scope == "queue" else all_contracts()
    if name not in known:
        raise NotFound(f"There is no {scope} {name}; there are {', '.join(sorted(known))}.")


def _note(connection: Connection, by: str | None, scope: str, verb: str, name: str) -> None:
    if by is not None:
        audit.record(connection, by, f"{scope}s.{verb}", name)


def _write_limit(connection: Connection, row: Row[Any], limit: Limit) -> None:
    _make_slots(connection, row, "rate", limit.rate_count or 0)
    _make_slots(connection, row, "at_once", limit.at_once or 0)
    values = msgspec.structs.asdict(limit) | {"returns_at": None}
    if limit.rate_count is None:
        values["rate_seconds"] = None
    connection.execute(update(controls).where(_is(row)).values(values))


def _lock(connection: Connection, scope: str, name: str) -> Row[Any]:
    """The row of a queue or task under lock, made if there is none."""
    values = {"scope": scope, "name": name}
    statement: Any
    if connection.dialect.name == "sqlite":
        statement = sqlite.insert(controls).values(values).on_conflict_do_nothing()
    else:
        statement = mysql.insert(controls).values(values)
        statement = statement.on_duplicate_key_update(name=name)
    connection.execute(statement)
    query = select(controls).where(controls.c.scope == scope, controls.c.name == name)
    return connection.execute(query.with_for_update()).one()


def _is(row: Row[Any]) -> Any:
    return (controls.c.scope == row.scope) & (controls.c.name == row.name)


def _drop_if_empty(connection: Connection, scope: str, name: str) -> None:
    connection.execute(
        delete(controls).where(
            controls.c.scope == scope,
            controls.c.name == name,
            controls.c.paused_at.is_(None),
            controls.c.rate_count.is_(None),
            controls.c.at_once.is_(None),
        )
    )


def _make_slots(connection: Connection, row: Row[Any], kind: str, count: int) -> None:
    """Have as many slots as the limit says; those that stay keep what they are taken for."""
    slots = control_slots.c
    mine = (slots.scope == row.scope) & (slots.name == row.name) & (slots.kind == kind)
    connection.execute(delete(control_slots).where(mine, slots.number >= count))
    found = connection.execute(select(slots.number).where(mine))
    there = set(found.scalars())
    new = [
        {
            "scope": row.scope,
            "name": row.name,
            "kind": kind,
            "number": number,
            "free_at": _LONG_AGO,
            "job_id": None,
        }
        for number in range(count)
        if number not in there
    ]
    if new:
        connection.execute(insert(control_slots), new)
