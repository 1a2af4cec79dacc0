"""Pages by keyset: each page begins where the one before ended, at the same cost."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, Select, Table, and_, or_


def older_than(
    table: Table, last: Row[Any], id_column: ColumnElement[str] | None = None
) -> ColumnElement[bool]:
    """Rows behind `last` in the order newest first (`created_at`, then the id).

    The first condition bounds a range of the index; MySQL and MariaDB do not see that the
    second implies it.
    """
    id_column = table.c.id if id_column is None else id_column
    return and_(
        table.c.created_at <= last.created_at,
        or_(
            table.c.created_at < last.created_at,
            and_(table.c.created_at == last.created_at, id_column < last.id),
        ),
    )


def newest_first(query: Select[Any], table: Table, by: str | None = None) -> Select[Any]:
    """Order rows of one project from the newest, by the index that holds them so.

    Left to themselves MySQL and MariaDB look the project up and read every row before the
    page; told to use the same index as a range they begin where the page begins.

    `by`: the column besides the project that the query asks to be equal to something.
    """
    columns = ["project_id", *([by] if by else []), "created_at", "id"]
    ordered = query.order_by(table.c.created_at.desc(), table.c.id.desc())
    return ordered.with_hint(table, f"FORCE INDEX (ix_{table.name}_{'_'.join(columns)})", "mysql")
