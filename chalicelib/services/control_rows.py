"""Rows of `controls`: made under lock when something is said, gone when nothing is."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, and_, delete, null, select, update
from sqlalchemy.dialects import mysql, sqlite

from chalicelib.db.tables import controls


def is_about(scope: str, name: str) -> ColumnElement[bool]:
    """The condition that a row is about this queue, task or upstream."""
    return and_(controls.c.scope == scope, controls.c.name == name)


def lock_control(connection: Connection, scope: str, name: str) -> Row[Any]:
    """The row of a queue, task or upstream under lock, made if there is none."""
    values = {"scope": scope, "name": name}
    statement: Any
    if connection.dialect.name == "sqlite":
        statement = sqlite.insert(controls).values(values).on_conflict_do_nothing()
    else:
        statement = mysql.insert(controls).values(values)
        statement = statement.on_duplicate_key_update(name=name)
    connection.execute(statement)
    query = select(controls).where(is_about(scope, name))
    return connection.execute(query.with_for_update()).one()


def drop_if_empty(connection: Connection, scope: str, name: str) -> None:
    """Delete the row if it says nothing any more."""
    said = (
        controls.c.paused_at,
        controls.c.rate_count,
        controls.c.at_once,
        controls.c.opened_at,
        controls.c.failures,
    )
    nothing = and_(*(column.is_(None) for column in said))
    connection.execute(delete(controls).where(is_about(scope, name), nothing))


def forget_failures(connection: Connection, upstream: str) -> None:
    """All that were held by a breaker that was closed have been let go."""
    connection.execute(
        update(controls)
        .where(
            is_about("upstream", upstream), controls.c.opened_at.is_(None), controls.c.failures == 0
        )
        .values(failures=null(), last_error_type=null())
    )
    drop_if_empty(connection, "upstream", upstream)
