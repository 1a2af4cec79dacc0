"""Groups of results that clients save."""

from __future__ import annotations

import msgspec
from sqlalchemy import Engine

from chalicelib.db.clock import seconds_from_now
from chalicelib.db.engine import connect
from chalicelib.db.tables import saved_groups
from chalicelib.services.dispatcher import keep_house
from chalicelib.services.saved_groups import delete, read, save

MEMBERS = [["group-1", None], [[["job-1", None], None]]]


def test_saved_group_is_read_replaced_and_deleted(engine: Engine) -> None:
    assert read(engine, "group-1") is None
    save(engine, "group-1", msgspec.Raw(b"[]"))
    save(engine, "group-1", msgspec.Raw(msgspec.json.encode(MEMBERS)))
    assert read(engine, "group-1") == MEMBERS
    delete(engine, "group-1")
    assert read(engine, "group-1") is None
    delete(engine, "group-1")


def test_saved_group_is_forgotten_after_its_time(engine: Engine) -> None:
    save(engine, "old", msgspec.Raw(b"[]"))
    save(engine, "new", msgspec.Raw(b"[]"))
    with connect(engine) as connection:
        old = saved_groups.update().where(saved_groups.c.id == "old")
        connection.execute(old.values(created_at=seconds_from_now(-86_400 * 3)))
    keep_house(engine, lease_seconds=40, retention_days=2, audit_retention_days=0)
    assert read(engine, "old") is None
    assert read(engine, "new") == []
