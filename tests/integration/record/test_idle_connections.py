"""A connection that nobody used for a while is looked at before it is used again."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, text

from chalicelib.db import engine as engine_module
from chalicelib.db.engine import connect, make_engine


def test_connection_that_broke_while_idle_is_replaced(
    mariadb_engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = mariadb_engine.url.render_as_string(hide_password=False)
    engine = make_engine(url, pool_size=1)
    with connect(engine) as connection:
        number = connection.execute(text("SELECT CONNECTION_ID()")).scalar_one()
    with connect(mariadb_engine) as connection:
        connection.execute(text(f"KILL {number}"))
    monkeypatch.setattr(engine_module, "_IDLE_SECONDS", 0.0)
    with connect(engine) as connection:
        assert connection.execute(text("SELECT 1")).scalar_one() == 1
    engine.dispose()


def test_connection_in_use_is_not_looked_at_each_time(mariadb_engine: Engine) -> None:
    url = mariadb_engine.url.render_as_string(hide_password=False)
    engine = make_engine(url, pool_size=1)

    def count_pings() -> int:
        with connect(engine) as connection:
            query = text("SHOW SESSION STATUS LIKE 'Com_admin_commands'")
            return int(connection.execute(query).one()[1])

    before = count_pings()
    assert [count_pings() for _ in range(5)] == [before] * 5
    engine.dispose()
