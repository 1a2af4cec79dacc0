"""A private MariaDB on a temporary folder and a free port; the main program prints its path.

Or MySQL, if the environment variable MYSQLD has the path of its server program.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from urllib.parse import urlsplit

import pymysql
from pymysql.connections import Connection
from pymysql.cursors import Cursor

from infra.local.servers.server import Server

# Where packages put the server on systems that do not have it on everybody's PATH.
_FOLDERS = (
    "/usr/sbin",
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/libexec",
    "/opt/homebrew/opt/mariadb/bin",
    "/usr/local/opt/mariadb/bin",
    "/usr/local/mysql/bin",
)
_MARIADB_OPTIONS = ("--innodb-log-file-size=16M",)
_MYSQL_OPTIONS = ("--innodb-redo-log-capacity=32M", "--mysqlx=OFF", "--secure-file-priv=NULL")
#: MySQL's root may come through the socket only.
_MYSQL_ROOT = """\
CREATE USER root@'127.0.0.1' IDENTIFIED BY '';
GRANT ALL ON *.* TO root@'127.0.0.1' WITH GRANT OPTION;
"""
_SYSTEM_TABLES = ("system_tables", "performance_tables", "system_tables_data")


@lru_cache(maxsize=1)
def find_server() -> str | None:
    """Path of the server program, or None."""
    if os.environ.get("MYSQLD"):
        return os.environ["MYSQLD"]
    path = os.pathsep.join([os.environ.get("PATH", ""), *_FOLDERS])
    for name in ("mariadbd", "mysqld"):
        program = shutil.which(name, path=path)
        if program and "MariaDB" in _run(program, "--no-defaults", "--version"):
            return program
    return None


class MariaDB(Server):
    """What was committed survives `kill`; `options` may change that, as all else."""

    def __init__(self, *, is_durable: bool = False, options: Sequence[str] = ()) -> None:
        """`is_durable`: each commit reaches the disk; else only a crash of the machine loses one.

        `options`: more of mariadbd's, such as "--innodb-buffer-pool-size=1G".

        Raises:
            RuntimeError: there is no server program on this machine.
        """
        program = find_server()
        if program is None:
            raise RuntimeError("There is no MariaDB server on this machine: see `make mariadb`.")
        super().__init__("mariadb")
        self._program = program
        #: Whether the program is MySQL's.
        self.is_mysql = "MariaDB" not in _run(program, "--no-defaults", "--version")
        self._options = [
            f"--datadir={self._folder / 'data'}",
            # A server that starts deletes all temporary tables in there, also another server's.
            f"--tmpdir={self._folder}",
            "--innodb-buffer-pool-size=64M",
            "--skip-log-bin",
            "--skip-name-resolve",
            f"--innodb-flush-log-at-trx-commit={1 if is_durable else 2}",
            *(["--user=root"] if os.geteuid() == 0 else []),
            *(_MYSQL_OPTIONS if self.is_mysql else _MARIADB_OPTIONS),
            *([] if is_durable or self.is_mysql else ["--innodb-flush-method=nosync"]),
            *options,
        ]

    def start(self) -> None:
        """As every server; the first time it makes the system tables, which takes a second."""
        if not (self._folder / "data").exists():
            self._make_system_tables()
        super().start()

    def url(self, database: str) -> str:
        """SQLAlchemy's URL of a database on this server."""
        return f"mysql+pymysql://root@127.0.0.1:{self.port}/{database}?charset=utf8mb4"

    @contextmanager
    def cursor(self, database: str | None = None) -> Iterator[Cursor]:
        """A cursor of root's, each statement committed by itself."""
        with self._connect(database) as connection, connection.cursor() as cursor:
            yield cursor

    def create_database(self) -> str:
        """Make an empty database with a name of its own; returns its URL."""
        name = f"bellpull_{uuid.uuid4().hex}"
        with self.cursor() as cursor:
            cursor.execute(f"CREATE DATABASE {name} CHARACTER SET utf8mb4")
        return self.url(name)

    def drop_database(self, url: str) -> None:
        """Drop what `create_database` made; fails if somebody left a transaction open in it."""
        with self.cursor() as cursor:
            cursor.execute("SET lock_wait_timeout = 10")
            cursor.execute(f"DROP DATABASE {urlsplit(url).path[1:]}")

    def _command(self) -> list[str]:
        return [
            self._program,
            "--no-defaults",
            *self._options,
            f"--port={self.port}",
            "--bind-address=127.0.0.1",
            f"--socket={self._folder / 'socket'}",
            f"--pid-file={self._folder / 'pid'}",
            "--max-connections=500",
        ]

    def _make_system_tables(self) -> None:
        """What mariadb-install-db does, which needs programs that a bare server lacks."""
        if self.is_mysql:
            self._initialize_mysql()
            return
        helptext = _run(self._program, "--no-defaults", "--help", "--verbose")
        charsets = re.search(r"^character-sets-dir\s+(\S.*)$", helptext, re.MULTILINE)
        if charsets is None:
            raise RuntimeError(f"{self._program} does not say where its files are.")
        share = Path(charsets[1].strip()).parent
        # The bootstrap reads one statement a line; without the variable root needs a socket.
        script = "create database mysql;\nuse mysql;\nset @auth_root_socket=NULL;\n"
        for name in _SYSTEM_TABLES:  # mysql_*.sql, mariadb_*.sql since 11
            script += next(share.glob(f"m*_{name}.sql")).read_text()
        (self._folder / "data").mkdir()
        told = _run(self._program, "--no-defaults", "--bootstrap", *self._options, script=script)
        if not (self._folder / "data" / "mysql" / "global_priv.frm").exists():
            raise RuntimeError(f"MariaDB could not make its system tables: {told[-2000:]}")

    def _initialize_mysql(self) -> None:
        script = self._folder / "root.sql"
        script.write_text(_MYSQL_ROOT)
        options = ["--no-defaults", *self._options, f"--init-file={script}"]
        told = _run(self._program, *options, "--initialize-insecure")
        if not (self._folder / "data" / "mysql.ibd").exists():
            raise RuntimeError(f"MySQL could not make its system tables: {told[-2000:]}")

    def _connect(self, database: str | None = None) -> Connection:
        return pymysql.connect(
            host="127.0.0.1",
            port=self.port,
            user="root",
            database=database,
            autocommit=True,
            connect_timeout=5,
        )

    def _answers(self) -> bool:
        try:
            self._connect().close()
        except pymysql.OperationalError:
            return False
        return True


def _run(*command: str, script: str = "") -> str:
    done = subprocess.run(
        command,
        input=script,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


if __name__ == "__main__":
    if (server := find_server()) is None:
        sys.exit(1)
    print(server)
