"""The bench's own servers, and rooms in them: a database and queues that one run has to itself."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import boto3
from botocore.config import Config

from chalicelib.broker.queues import QUEUES, dead_letter_queue
from infra.local.servers.fauxqs import Fauxqs
from infra.local.servers.mariadb import MariaDB
from infra.local.servers.process import GuardedProcess
from infra.local.servers.server import Server
from tests.databases import copy_schema, make_schema

ROOT = Path(__file__).parents[2]
HERE = Path(__file__).parent
NODE_FOLDER = ROOT / "build/node"
PEERS_BIN = ROOT / "build/peers/bin"
OWN_BIN = Path(sys.executable).parent

PROJECT = "bench"
_ACCOUNT = "000000000000"
_QUEUES = (*QUEUES, *map(dead_letter_queue, QUEUES))
#: Each commit reaches the disk; a memory for a table of a million rows.
_DATABASE_OPTIONS = ("--innodb-buffer-pool-size=2G", "--innodb-log-file-size=256M")


class Room:
    """What one run has to itself."""

    def __init__(self, lab: Lab, name: str, database_url: str) -> None:
        self.name = name
        self.database_url = database_url
        self.database = database_url.rpartition("/")[2].partition("?")[0]
        self.queue = f"{name}-default"
        self._template = f"{lab.sqs_url}/{_ACCOUNT}/{name}-{{queue}}"
        self.queue_url = self._template.replace("{queue}", "default")
        self._sqs_url = lab.sqs_url

    def environment(self) -> dict[str, str]:
        """What a process in this room finds in its environment; nothing leads elsewhere."""
        kept = {name: os.environ[name] for name in ("HOME", "LANG", "TMPDIR") if name in os.environ}
        return kept | {
            "PATH": f"{OWN_BIN}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
            "PYTHONPATH": str(ROOT),
            "NO_PROXY": "127.0.0.1,localhost",
            "no_proxy": "127.0.0.1,localhost",
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "DATABASE_URL": self.database_url,
            "SQS_ENDPOINT_URL": self._sqs_url,
            "SQS_QUEUE_URL": self._template,
            "UPSTREAM": "memory",
            "BENCH_QUEUE_URL": self.queue_url,
        }


class Lab:
    """MariaDB with an fsync at each commit and fauxqs, both private, on loopback."""

    def __init__(self) -> None:
        self._stack = ExitStack()
        self._rooms = 0
        self.database = MariaDB(is_durable=True, options=_DATABASE_OPTIONS)
        self.server = Fauxqs(HERE / "fauxqs/server.mjs", NODE_FOLDER / "node_modules/fauxqs")

    def __enter__(self) -> Self:
        try:
            self.folder = Path(
                self._stack.enter_context(tempfile.TemporaryDirectory(prefix="bellpull-bench-"))
            )
            self._stack.enter_context(self.database)
            self._stack.enter_context(self.server)
            self._schema = make_schema(self.database)
        except BaseException:
            self._stack.close()
            raise
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.close()

    @property
    def sqs_url(self) -> str:
        """Where the bench's SQS answers."""
        return self.server.url

    def pid_of(self, server: Server) -> int:
        """Id of a server's process, which leads its group."""
        assert server._process is not None
        return server._process.pid

    @contextmanager
    def room(self) -> Iterator[Room]:
        """A database with our schema and no rows, and empty queues; wiped afterwards."""
        self._rooms += 1
        database_url = self.database.create_database()
        room = Room(self, f"room{self._rooms}", database_url)
        copy_schema(self.database, self._schema, database_url.partition("?")[0])
        sqs = make_sqs(self.sqs_url)
        urls = [self._make_queue(sqs, f"{room.name}-{queue}") for queue in _QUEUES]
        try:
            yield room
        finally:
            for url in urls:
                sqs.delete_queue(QueueUrl=url)
            self.database.drop_database(database_url)

    def clear(self, room: Room) -> None:
        """Take away what an earlier run left undone in a room."""
        if self.rows(room, "SELECT 1 FROM jobs WHERE finished_at IS NULL LIMIT 1"):
            make_sqs(self.sqs_url).purge_queue(QueueUrl=room.queue_url)
            self.rows(room, "DELETE FROM jobs WHERE finished_at IS NULL")
        self.rows(room, "DELETE FROM workers")

    @contextmanager
    def running(
        self, command: Sequence[str], room: Room, more: Mapping[str, str] | None = None
    ) -> Iterator[GuardedProcess]:
        """A process in a room, killed with its children afterwards."""
        log = self.folder / f"{room.name}.log"
        environment = room.environment() | dict(more or {})
        process = GuardedProcess(command, log, environment=environment, folder=ROOT)
        try:
            yield process
        finally:
            process.kill()

    def database_version(self) -> str:
        """What MariaDB says it is."""
        with self.database.cursor() as cursor:
            cursor.execute("SELECT VERSION()")
            return str(cursor.fetchall()[0][0])

    def told(self, room: Room) -> str:
        """The end of what the processes of a room printed."""
        log = self.folder / f"{room.name}.log"
        return log.read_text(errors="replace")[-3000:] if log.exists() else ""

    def rows(self, room: Room, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """The answer to a query in a room's database."""
        with self.database.cursor(room.database) as cursor:
            cursor.execute(query, tuple(values))
            return list(cursor.fetchall())

    def _make_queue(self, sqs: Any, name: str) -> str:
        attributes = {"VisibilityTimeout": "120", "ReceiveMessageWaitTimeSeconds": "20"}
        url: str = sqs.create_queue(QueueName=name, Attributes=attributes)["QueueUrl"]
        return url


def make_sqs(url: str) -> Any:
    """A client for the bench's SQS."""
    return boto3.client(
        "sqs",
        endpoint_url=url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
        config=Config(proxies={}, max_pool_connections=20),
    )
