"""The private servers: what survives a crash, and that several live side by side."""

from __future__ import annotations

import os

import boto3
import pytest

from infra.local.servers.mariadb import MariaDB, find_server
from infra.local.servers.moto import MotoServer

needs_mariadb = pytest.mark.skipif(
    find_server() is None and not os.getenv("CI"), reason="no MariaDB server on this machine"
)


@needs_mariadb
def test_committed_rows_survive_a_killed_server() -> None:
    with MariaDB() as server:
        database = server.create_database().partition("?")[0].rpartition("/")[2]
        with server.cursor(database) as cursor:
            cursor.execute("CREATE TABLE notes (text VARCHAR(20)) ENGINE = InnoDB")
            cursor.execute("INSERT INTO notes VALUES ('kept')")
        server.kill()
        server.start()
        with server.cursor(database) as cursor:
            cursor.execute("SELECT text FROM notes")
            assert cursor.fetchall() == (("kept",),)


def test_two_mariadb_servers_do_not_meet(mariadb: MariaDB) -> None:
    with MariaDB() as other:
        url = other.create_database()
        assert other.port != mariadb.port
        assert has_database(other, url)
        assert not has_database(mariadb, url)


def test_dropped_database_is_gone(mariadb: MariaDB) -> None:
    url = mariadb.create_database()
    assert has_database(mariadb, url)
    mariadb.drop_database(url)
    assert not has_database(mariadb, url)


def has_database(server: MariaDB, url: str) -> bool:
    with server.cursor() as cursor:
        cursor.execute("SHOW DATABASES")
        return any(f"/{name}?" in url for (name,) in cursor.fetchall())


def test_moto_comes_back_empty_on_the_same_port() -> None:
    with MotoServer() as server:
        sqs = boto3.client("sqs", endpoint_url=server.url)
        sqs.create_queue(QueueName="before")
        assert "QueueUrls" in sqs.list_queues()
        server.kill()
        server.start()
        assert "QueueUrls" not in sqs.list_queues()


def test_reset_forgets_queues() -> None:
    with MotoServer() as server:
        sqs = boto3.client("sqs", endpoint_url=server.url)
        sqs.create_queue(QueueName="before")
        server.reset()
        assert "QueueUrls" not in sqs.list_queues()
