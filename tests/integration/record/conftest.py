"""The record on each kind of database, with an SQS that only keeps what is rung."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from sqlalchemy import Engine

from chalicelib.db.engine import make_engine
from chalicelib.db.tables import metadata
from chalicelib.settings import get_settings
from infra.local.servers.mariadb import MariaDB
from tests.databases import as_application, copy_schema
from tests.fakes.sqs import FakeSqs, install_sqs
from tests.integration.record.secret import MakeSecret, Secret


@pytest.fixture(autouse=True)
def _settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the environment says of upstreams; databases and SQS are each test's own."""
    monkeypatch.setenv("DATABASE_URL", "sqlite:///nowhere")
    monkeypatch.setenv("SQS_QUEUE_URL", "http://127.0.0.1:9/{queue}")
    monkeypatch.setenv("UPSTREAM", "memory")
    get_settings.cache_clear()
    yield
    get_settings.cache_clear()


@pytest.fixture(scope="session")
def mariadb_url(mariadb: MariaDB, mariadb_template: list[str]) -> Iterator[str]:
    """One database for all these tests: to empty its tables takes less than to make them."""
    url = mariadb.create_database()
    copy_schema(mariadb, mariadb_template, url)
    yield url
    mariadb.drop_database(url)


@pytest.fixture
def mariadb_engine(mariadb_url: str) -> Iterator[Engine]:
    """An engine for an empty record on MariaDB."""
    engine = make_engine(as_application(mariadb_url), pool_size=8)
    with engine.connect() as connection:
        for table in reversed(metadata.sorted_tables):
            connection.execute(table.delete())
    yield engine
    engine.dispose()


@pytest.fixture
def sqlite_engine(tmp_path: Path, sqlite_template: Path) -> Iterator[Engine]:
    """An engine for an empty record on SQLite."""
    database = tmp_path / "bellpull.db"
    shutil.copyfile(sqlite_template, database)
    engine = make_engine(f"sqlite:///{database}", pool_size=8)
    yield engine
    engine.dispose()


@pytest.fixture(params=["sqlite", "mariadb"])
def engine(request: pytest.FixtureRequest) -> Engine:
    """An engine for an empty record, on each kind of database in turn."""
    engine: Engine = request.getfixturevalue(f"{request.param}_engine")
    return engine


@pytest.fixture
def make_secret(moto_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[MakeSecret]:
    """Makes secrets without a value, as Terraform does."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", moto_server)
    client = boto3.client("secretsmanager", region_name="us-east-1")
    yield lambda: Secret(client)
    client.close()


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> FakeSqs:
    """Where bells are rung."""
    return install_sqs(monkeypatch)
