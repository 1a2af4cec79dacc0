"""Pauses and limits of queues, tasks and upstreams, for the whole fleet: set and looked at.

`services.admission` obeys them. A job that is held back waits in its row and has no message
on its way; one that is let go is rung by the dispatcher.
"""

from __future__ import annotations

from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any, Literal

import msgspec
from sqlalchemy import Connection, Engine, Row, delete, insert, null, or_, select, update

from chalicelib.broker.contracts import all_contracts
from chalicelib.broker.queues import QUEUES
from chalicelib.db.clock import now
from chalicelib.db.engine import connect, in_transaction
from chalicelib.db.tables import control_slots, controls
from chalicelib.errors import NotFound
from chalicelib.services import audit
from chalicelib.services.control_rows import drop_if_empty, is_about, lock_control
from chalicelib.services.dispatcher import ring_due
from chalicelib.services.holding import CONTROL, let_go
from chalicelib.services.preconditions import Require
from chalicelib.services.upstreams import require_upstream

Scope = Literal["queue", "task", "upstream"]

_LONG_AGO = datetime(2000, 1, 1, tzinfo=UTC)
#: Held jobs that are let go in one statement.
_CHUNK = 1000


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """How many jobs of a queue, task or upstream may begin, and run; None: any number."""

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
    _require(engine, scope, name)

    def work(connection: Connection) -> Row[Any]:
        row = lock_control(connection, scope, name)
        if row.paused_at is None:
            connection.execute(
                update(controls).where(is_about(row.scope, row.name)).values(paused_at=now())
            )
        _note(connection, by, scope, "pause", name)
        return lock_control(connection, scope, name)

    return in_transaction(engine, work)


def resume(engine: Engine, scope: Scope, name: str, *, by: str | None = None) -> int:
    """Let jobs begin again; returns how many were let go. Nothing happens if it is not paused.

    Raises NotFound if there is no such queue or task.
    """
    _require(engine, scope, name)

    def work(connection: Connection) -> None:
        row = lock_control(connection, scope, name)
        connection.execute(
            update(controls).where(is_about(row.scope, row.name)).values(paused_at=null())
        )
        drop_if_empty(connection, scope, name)
        _note(connection, by, scope, "resume", name)

    in_transaction(engine, work)
    return let_all_go(engine, scope, name)


def set_limit(
    engine: Engine,
    scope: Scope,
    name: str,
    limit: Limit,
    *,
    by: str | None = None,
    require: Require | None = None,
) -> Row[Any]:
    """Limit a queue, task or upstream, in the place of the limit that it has.

    The next claim obeys. What begun before counts towards a new rate only as far as the old one
    counted it. Raises NotFound if there is none of that name, and what `require` raises.
    """
    _require(engine, scope, name)

    def work(connection: Connection) -> Row[Any]:
        row = lock_control(connection, scope, name)
        if require is not None:
            require(row)
        _write_limit(connection, row, limit)
        _note(connection, by, scope, "limit", name)
        return lock_control(connection, scope, name)

    found = in_transaction(engine, work)
    let_all_go(engine, scope, name)
    return found


def remove_limit(
    engine: Engine,
    scope: Scope,
    name: str,
    *,
    by: str | None = None,
    require: Require | None = None,
) -> None:
    """Limit a queue, task or upstream no longer. Raises as `set_limit`."""
    _require(engine, scope, name)

    def work(connection: Connection) -> None:
        row = lock_control(connection, scope, name)
        if require is not None:
            require(row)
        _write_limit(connection, row, Limit())
        drop_if_empty(connection, scope, name)
        _note(connection, by, scope, "unlimit", name)

    in_transaction(engine, work)
    let_all_go(engine, scope, name)


def get(engine: Engine, scope: Scope, name: str) -> Any:
    """What was said: columns of `controls` as attributes, NULL where nothing was.

    Raises NotFound if there is none of that name.
    """
    _require(engine, scope, name)
    query = select(controls).where(is_about(scope, name))
    with connect(engine) as connection:
        row = connection.execute(query).one_or_none()
    nothing = dict.fromkeys(controls.c.keys()) | {"scope": scope, "name": name}
    return SimpleNamespace(**nothing) if row is None else row


def list_controls(engine: Engine) -> list[Row[Any]]:
    """Everything that is paused or limited."""
    said = (controls.c.paused_at, controls.c.rate_count, controls.c.at_once)
    query = select(controls).where(or_(*(column.is_not(None) for column in said)))
    with connect(engine) as connection:
        return list(connection.execute(query.order_by(controls.c.scope, controls.c.name)))


def let_all_go(engine: Engine, scope: Scope, name: str, held_by: str = CONTROL) -> int:
    """Let all jobs go that are held for this, and ring them; returns how many."""
    total = 0
    while True:
        gone = in_transaction(
            engine, lambda connection: let_go(connection, scope, name, _CHUNK, held_by)
        )
        total += len(gone)
        if len(gone) < _CHUNK:
            break
    if total:
        ring_due(engine)
    return total


def _require(engine: Engine, scope: str, name: str) -> None:
    if scope == "upstream":
        require_upstream(engine, name)
        return
    known = QUEUES if scope == "queue" else all_contracts()
    if name not in known:
        raise NotFound(f"There is no {scope} {name}; there are {', '.join(sorted(known))}.")


def _note(connection: Connection, by: str | None, scope: str, verb: str, name: str) -> None:
    if by is not None:
        audit.record(connection, by, f"{scope}s.{verb}", name)


def _write(connection: Connection, row: Row[Any], **values: Any) -> None:
    connection.execute(update(controls).where(is_about(row.scope, row.name)).values(values))


def _write_limit(connection: Connection, row: Row[Any], limit: Limit) -> None:
    _make_slots(connection, row, "rate", limit.rate_count or 0)
    _make_slots(connection, row, "at_once", limit.at_once or 0)
    values = msgspec.structs.asdict(limit) | {"returns_at": None}
    if limit.rate_count is None:
        values["rate_seconds"] = None
    _write(connection, row, **values)


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
