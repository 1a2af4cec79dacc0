"""A migrated MariaDB database in 20 ms: what the migrations made once, replayed."""

from __future__ import annotations

from urllib.parse import urlsplit

from sqlalchemy import Engine

from chalicelib.db.application_user import PRIVILEGES
from chalicelib.db.engine import make_engine
from infra.local.servers.mariadb import MariaDB


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


def make_database(server: MariaDB, statements: list[str]) -> str:
    """Make the database that `make_schema` saw once more; returns the application's URL of it."""
    url = server.create_database()
    copy_schema(server, statements, url)
    return as_application(url)


def as_application(url: str) -> str:
    """The URL of one who may do there what API and workers may do in AWS, and no more."""
    return url.replace("//root@", "//application@")


def as_owner(engine: Engine) -> Engine:
    """Connections of one who may make tables in the database of `engine`."""
    return make_engine(engine.url.set(username=engine.url.username and "root").render_as_string())


def _name(url: str) -> str:
    return urlsplit(url).path[1:]
