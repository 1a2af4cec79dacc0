"""A migrated database in 20 ms: what the migrations made once, copied."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from sqlalchemy import Engine

from chalicelib.db.application_user import PRIVILEGES
from chalicelib.db.engine import make_engine
from infra.local.servers.mariadb import MariaDB


@contextmanager
def database_on(backend: str, request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """The URL of a database with the newest schema and no rows, for the application's user.

    `backend`: sqlite, whose file is in `folder`, or mariadb.
    """
    if backend == "sqlite":
        database = folder / "bellpull.db"
        shutil.copyfile(request.getfixturevalue("sqlite_template"), database)
        yield f"sqlite:///{database}"
        return
    server: MariaDB = request.getfixturevalue("mariadb")
    url = server.create_database()
    copy_schema(server, request.getfixturevalue("mariadb_template"), url)
    yield as_application(url)
    server.drop_database(url)


def make_schema(server: MariaDB) -> list[str]:
    """Run the migrations once; returns the statements that make the same database again."""
    from chalicelib.db.migrate import upgrade

    url = server.create_database()
    upgrade(url)
    template = _name(url)
    statements = ["SET foreign_key_checks = 0"]
    with server.cursor(template) as cursor:
        cursor.execute("SHOW TABLES")
        for (table,) in cursor.fetchall():
            cursor.execute(f"SHOW CREATE TABLE `{table}`")
            statements.append(cursor.fetchall()[0][1])
            if cursor.execute(f"SELECT 1 FROM `{table}` LIMIT 1"):
                statements.append(f"INSERT INTO `{table}` SELECT * FROM `{template}`.`{table}`")
        cursor.execute("CREATE USER application@'%'")
        cursor.execute(rf"GRANT {PRIVILEGES} ON `bellpull\_%`.* TO application@'%'")
    return statements


def copy_schema(server: MariaDB, statements: list[str], url: str) -> None:
    """Make in the empty database at `url` what `make_schema` saw."""
    with server.cursor(_name(url)) as cursor:
        for statement in statements:
            cursor.execute(statement)


def as_application(url: str) -> str:
    """The URL of one who may do there what API and workers may do in AWS, and no more."""
    return url.replace("//root@", "//application@")


def as_owner(engine: Engine) -> Engine:
    """Connections of one who may make tables in the database of `engine`."""
    return make_engine(engine.url.set(username=engine.url.username and "root").render_as_string())


def _name(url: str) -> str:
    return urlsplit(url).path[1:]
