"""Puts a row into a table and hands it back, on a connection or an engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import Connection, Engine, Row, Table, insert, select

Target = Connection | Engine


@contextmanager
def open_target(target: Target) -> Iterator[Connection]:
    """The connection itself, or one of the engine's."""
    if isinstance(target, Connection):
        yield target
        return
    with target.connect() as connection:
        yield connection


def insert_row(target: Target, table: Table, values: dict[str, Any]) -> Row[Any]:
    """Insert `values` and return the row as the database has it."""
    with open_target(target) as connection:
        connection.execute(insert(table).values(values))
        return connection.execute(select(table).where(table.c.id == values["id"])).one()


def read_rows(target: Target, table: Table, **values: Any) -> list[Row[Any]]:
    """The rows whose columns have these values, by id."""
    query = select(table).where(*(table.c[name] == value for name, value in values.items()))
    with open_target(target) as connection:
        return list(connection.execute(query.order_by(table.c.id)))
