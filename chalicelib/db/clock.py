"""The database's clock in SQL: leases, `run_at` and order are judged by it alone."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Float, Integer, bindparam, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.expression import ColumnElement
from sqlalchemy.sql.functions import FunctionElement

from chalicelib.db.types import UtcDateTime


class now(FunctionElement[Any]):  # noqa: N801 - reads as SQL where it is used
    """This moment, in UTC, by the database's clock."""

    type = UtcDateTime()
    inherit_cache = True


class _seconds_from_now(FunctionElement[Any]):  # noqa: N801
    type = UtcDateTime()
    inherit_cache = True


def seconds_from_now(seconds: float | ColumnElement[Any]) -> FunctionElement[Any]:
    """The moment `seconds` from now (negative: ago) by the database's clock."""
    if isinstance(seconds, (int, float)):
        return _seconds_from_now(bindparam(None, float(seconds), type_=Float()))
    return _seconds_from_now(seconds)


class minute_of(FunctionElement[Any]):  # noqa: N801
    """The minute that a moment lies in, as minutes since 1970."""

    type = Integer()
    inherit_cache = True


class seconds_between(FunctionElement[Any]):  # noqa: N801
    """Seconds from one moment to another, with fractions."""

    type = Float()
    inherit_cache = True


def read_clock(connection: Connection) -> datetime:
    """This moment by the database's clock, for values that have to be known here too."""
    moment: datetime = connection.execute(select(now())).scalar_one()
    return moment


@compiles(now, "sqlite")
def _now_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    # Six digits, as SQLAlchemy writes datetimes, so that comparing text compares time.
    return "(strftime('%Y-%m-%d %H:%M:%f', 'now') || '000')"


@compiles(now, "mysql")
@compiles(now, "mariadb")
def _now_mysql(element: Any, compiler: Any, **kw: Any) -> str:
    return "UTC_TIMESTAMP(6)"


@compiles(_seconds_from_now, "sqlite")
def _from_now_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    seconds = compiler.process(element.clauses, **kw)
    return f"(strftime('%Y-%m-%d %H:%M:%f', 'now', printf('%+.3f seconds', {seconds})) || '000')"


@compiles(_seconds_from_now, "mysql")
@compiles(_seconds_from_now, "mariadb")
def _from_now_mysql(element: Any, compiler: Any, **kw: Any) -> str:
    seconds = compiler.process(element.clauses, **kw)
    return f"TIMESTAMPADD(MICROSECOND, ({seconds}) * 1000000, UTC_TIMESTAMP(6))"


@compiles(minute_of, "sqlite")
def _minute_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return f"(CAST(strftime('%s', {compiler.process(element.clauses, **kw)}) AS INTEGER) / 60)"


@compiles(minute_of, "mysql")
@compiles(minute_of, "mariadb")
def _minute_mysql(element: Any, compiler: Any, **kw: Any) -> str:
    return f"TIMESTAMPDIFF(MINUTE, '1970-01-01', {compiler.process(element.clauses, **kw)})"


@compiles(seconds_between, "sqlite")
def _between_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    first, second = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"((julianday({second}) - julianday({first})) * 86400.0)"


@compiles(seconds_between, "mysql")
@compiles(seconds_between, "mariadb")
def _between_mysql(element: Any, compiler: Any, **kw: Any) -> str:
    first, second = (compiler.process(clause, **kw) for clause in element.clauses)
    return f"(TIMESTAMPDIFF(MICROSECOND, {first}, {second}) / 1000000)"
