"""Records looked at: one, or a page of them."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, Row, select

from chalicelib.db.engine import connect
from chalicelib.db.paging import newest_first, older_than
from chalicelib.domain.records import ProvisioningStatus
from chalicelib.errors import NotFound
from chalicelib.services.record_kinds import RecordKind


def get(engine: Engine, kind: RecordKind, project_id: str, record_id: str) -> Row[Any]:
    """The row of a record. Raises NotFound if this project has no such one."""
    with connect(engine) as connection:
        return find(connection, kind, project_id, record_id)


def list_newest(
    engine: Engine,
    kind: RecordKind,
    project_id: str,
    *,
    limit: int,
    after: str | None = None,
    provisioning_status: ProvisioningStatus | None = None,
) -> list[Row[Any]]:
    """Records of a project, newest first.

    `after`: id of the last row of the page before; an id that is not there is NotFound.
    Destroyed ones are left out unless `provisioning_status` asks for them.
    """
    table = kind.table
    query = select(table).where(table.c.project_id == project_id)
    if provisioning_status is None:
        query = query.where(table.c.provisioning_status != ProvisioningStatus.DELETED.value)
    else:
        query = query.where(table.c.provisioning_status == provisioning_status.value)
    with connect(engine) as connection:
        if after is not None:
            last = find(connection, kind, project_id, after)
            query = query.where(older_than(table, last))
        return list(connection.execute(newest_first(query, table).limit(limit)))


def find(
    connection: Connection, kind: RecordKind, project_id: str, record_id: str, *, lock: bool = False
) -> Row[Any]:
    """The row of a record within a transaction, under lock if that is said. Raises NotFound."""
    table = kind.table
    query = select(table).where(table.c.id == record_id, table.c.project_id == project_id)
    row = connection.execute(query.with_for_update() if lock else query).one_or_none()
    if row is None:
        raise NotFound(f"There is no {kind.word} {record_id} in this project.")
    return row
