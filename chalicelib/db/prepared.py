"""Statements that are built and compiled once, for those that are executed all the time.

SQLAlchemy caches what it compiles, but a statement over many rows is built anew each time,
and looking it up costs more than executing it.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from sqlalchemy import BindParameter, Connection, CursorResult, Select, bindparam
from sqlalchemy.engine import Dialect
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.types import TypeEngine

#: Statements over more rows than this are compiled for a multiple of it.
_STEP = 8


def named(name: str, kind: TypeEngine[Any]) -> BindParameter[Any]:
    """A value that is given when the statement is executed."""
    return bindparam(name, None, type_=kind)


def round_size(rows: int) -> int:
    """For how many rows a statement over `rows` of them is compiled: a few sizes serve all.

    A hundred rows take ten milliseconds to compile (measured), many times what it takes to name
    seven of them twice.
    """
    return rows if rows <= _STEP else -(-rows // _STEP) * _STEP


class Prepared:
    """One statement for one dialect; its values are given by name."""

    def __init__(self, statement: ClauseElement, dialect: Dialect) -> None:
        compiled = statement.compile(dialect=dialect, compile_kwargs={"render_postcompile": True})
        assert isinstance(compiled, SQLCompiler)
        self.sql = str(compiled)
        #: The order of the values, for drivers that take them by position.
        self._names = compiled.positiontup
        self._defaults = {
            name: str(value) if isinstance(value, StrEnum) else value
            for name, value in compiled.params.items()
        }
        converters = {
            name: one.type.dialect_impl(dialect).bind_processor(dialect)
            for name, one in compiled.binds.items()
            if name in compiled.params
        }
        self._converters = {name: convert for name, convert in converters.items() if convert}
        self._readers = [
            one.type.dialect_impl(dialect).result_processor(dialect, None)
            for one in (statement.selected_columns if isinstance(statement, Select) else ())
        ]

    def execute(self, connection: Connection, values: Mapping[str, Any]) -> CursorResult[Any]:
        """Execute it with values by their names; what it returns is as the driver gives it."""
        known = {**self._defaults, **values}
        for name, convert in self._converters.items():
            known[name] = convert(known[name])
        if self._names is None:
            return connection.exec_driver_sql(self.sql, known)
        return connection.exec_driver_sql(self.sql, tuple(known[name] for name in self._names))

    def read_one(self, connection: Connection, values: Mapping[str, Any]) -> list[Any] | None:
        """What a SELECT finds, in the order of its columns and as their types say; None: no row."""
        row = self.execute(connection, values).one_or_none()
        if row is None:
            return None
        pairs = zip(row, self._readers, strict=True)
        return [value if read is None else read(value) for value, read in pairs]
