"""Pages by keyset: each page begins where the one before ended, at the same cost."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Table, and_, or_


def older_than(table: Table, last: Row[Any]) -> ColumnElement[bool]:
    """Rows behind `last` in the order newest first (`created_at`, then `id`).

    The first condition bounds a range of the index; MySQL and MariaDB do not see that the
    second implies it.
    """
    return and_(
        table.c.created_at <= last.created_at,
        or_(
            table.c.created_at < last.created_at,
            and_(table.c.created_at == last.created_at, table.c.id < last.id),
        ),
    )


def newest_first(query: Select[Any], table: Table) -> Select[Any]:
    """Order rows of one project from the newest, by the index that holds them so.

    Left to themselves MySQL and MariaDB look the project up and read every row before the
    page; told to use the same index as a range they begin where the page begins.
    """
    index = f"ix_{table.name}_project_id_created_at_id"
    ordered = query.order_by(table.c.created_at.desc(), table.c.id.desc())
    return ordered.with_hint(table, f"FORCE INDEX ({index})", "mysql")
