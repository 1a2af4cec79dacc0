"""The record on each kind of database, with an SQS that only keeps what is rung."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from chalicelib.db.engine import make_engine
from infra.local.servers.mariadb import MariaDB
from tests.databases import copy_schema
from tests.fakes.sqs import FakeSqs, install_sqs


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    """An engine for an empty record, on each kind of database in turn."""
    engine = make_engine(database_url, pool_size=8)
    yield engine
    engine.dispose()


@pytest.fixture
def mariadb_engine(mariadb: MariaDB, mariadb_template: list[str]) -> Iterator[Engine]:
    """For what MariaDB alone can do to us."""
    url = mariadb.create_database()
    copy_schema(mariadb, mariadb_template, url)
    engine = make_engine(url, pool_size=8)
    yield engine
    engine.dispose()
    mariadb.drop_database(url)


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> FakeSqs:
    """Where bells are rung."""
    return install_sqs(monkeypatch)
