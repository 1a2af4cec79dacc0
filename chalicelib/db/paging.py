"""Pages by keyset: each page begins where the one before ended, at the same cost."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, Row, Table, and_, or_


def older_than(table: Table, last: Row[Any]) -> ColumnElement[bool]:
    """Rows behind `last` in the order newest first (`created_at`, then `id`).

    The first condition alone lets MySQL and MariaDB begin in the middle of an index; they
    do not see that the second implies it.
    """
    return and_(
        table.c.created_at <= last.created_at,
        or_(
            table.c.created_at < last.created_at,
            and_(table.c.created_at == last.created_at, table.c.id < last.id),
        ),
    )
