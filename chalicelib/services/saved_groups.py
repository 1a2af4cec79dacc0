"""Groups of results that Celery clients save, restore and delete."""

from __future__ import annotations

from typing import Any

import msgspec
from sqlalchemy import Connection, Engine, insert, select

from chalicelib.db.clock import now, seconds_from_now
from chalicelib.db.engine import connect, in_transaction
from chalicelib.db.tables import saved_groups


def save(engine: Engine, group_id: str, members: msgspec.Raw) -> None:
    """Save a group, in the place of one that was saved under its id."""

    def work(connection: Connection) -> None:
        connection.execute(saved_groups.delete().where(saved_groups.c.id == group_id))
        connection.execute(
            insert(saved_groups).values(id=group_id, members=members, created_at=now())
        )

    in_transaction(engine, work)


def read(engine: Engine, group_id: str) -> Any | None:
    """The members of a saved group, None if there is none."""
    with connect(engine) as connection:
        query = select(saved_groups.c.members).where(saved_groups.c.id == group_id)
        return connection.execute(query).scalar_one_or_none()


def delete(engine: Engine, group_id: str) -> None:
    """Forget a saved group, if there is one; its jobs stay."""
    with connect(engine) as connection:
        connection.execute(saved_groups.delete().where(saved_groups.c.id == group_id))


def clean(engine: Engine, retention_days: int) -> int:
    """Forget groups that were saved more than this many days ago."""
    old = seconds_from_now(-86_400.0 * retention_days)
    with connect(engine) as connection:
        found = saved_groups.delete().where(saved_groups.c.created_at < old)
        return connection.execute(found).rowcount
