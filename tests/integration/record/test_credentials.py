"""User and password of the database come from a secret, and from it anew when they change."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from sqlalchemy import Engine, make_url, text

from chalicelib.db.engine import connect, make_engine
from chalicelib.errors import DatabaseUnavailable
from infra.local.servers.mariadb import MariaDB

Secret = Callable[[str, str], str]


@pytest.fixture
def keep_secret(moto_server: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Secret]:
    """Writes a user and a password into the one secret of a test, and tells its ARN."""
    monkeypatch.setenv("AWS_ENDPOINT_URL_SECRETS_MANAGER", moto_server)
    client = boto3.client("secretsmanager", region_name="us-east-1")
    name = uuid.uuid4().hex
    arn = client.create_secret(Name=name, SecretString="{}")["ARN"]

    def keep(user: str, password: str) -> str:
        value = {"username": user, "password": password, "engine": "mysql"}
        client.put_secret_value(SecretId=name, SecretString=json.dumps(value))
        return str(arn)

    yield keep
    client.close()


@pytest.fixture
def user(mariadb: MariaDB, mariadb_url: str) -> Iterator[str]:
    name = f"user{uuid.uuid4().hex[:12]}"
    with mariadb.cursor() as cursor:
        cursor.execute(f"CREATE USER '{name}'@'%' IDENTIFIED BY 'first'")
        cursor.execute(f"GRANT ALL ON {make_url(mariadb_url).database}.* TO '{name}'@'%'")
    yield name
    with mariadb.cursor() as cursor:
        cursor.execute(f"DROP USER '{name}'@'%'")


def make_nameless(mariadb_url: str, arn: str, **options: Any) -> Engine:
    url = make_url(mariadb_url).set(username=None)
    return make_engine(url.render_as_string(), secret_arn=arn, **options)


def who_am_i(engine: Engine) -> str:
    with connect(engine) as connection:
        return str(connection.execute(text("SELECT CURRENT_USER()")).scalar_one())


def test_connections_use_the_user_of_the_secret(
    mariadb_url: str, user: str, keep_secret: Secret
) -> None:
    engine = make_nameless(mariadb_url, keep_secret(user, "first"))
    assert who_am_i(engine).startswith(user)
    engine.dispose()


def test_password_that_changed_is_read_anew(
    mariadb: MariaDB, mariadb_url: str, user: str, keep_secret: Secret
) -> None:
    engine = make_nameless(mariadb_url, keep_secret(user, "first"))
    who_am_i(engine)
    engine.dispose()
    with mariadb.cursor() as cursor:
        cursor.execute(f"ALTER USER '{user}'@'%' IDENTIFIED BY 'second'")
    keep_secret(user, "second")
    assert who_am_i(engine).startswith(user)
    engine.dispose()


def test_wrong_password_is_a_database_that_cannot_be_reached(
    mariadb_url: str, user: str, keep_secret: Secret
) -> None:
    engine = make_nameless(mariadb_url, keep_secret(user, "wrong"))
    for _ in range(2):
        with pytest.raises(DatabaseUnavailable):
            who_am_i(engine)


def test_secret_that_is_not_there_is_a_database_that_cannot_be_reached(
    mariadb_url: str, keep_secret: Secret
) -> None:
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:nowhere-AbCdEf"
    with pytest.raises(DatabaseUnavailable):
        who_am_i(make_nameless(mariadb_url, arn))


def test_secret_of_another_form_is_a_database_that_cannot_be_reached(
    mariadb_url: str, keep_secret: Secret, moto_server: str
) -> None:
    arn = keep_secret("somebody", "something")
    client = boto3.client("secretsmanager", region_name="us-east-1")
    for value in ({"SecretString": "[1]"}, {"SecretString": "{}"}, {"SecretBinary": b"x"}):
        client.put_secret_value(SecretId=arn, **value)
        with pytest.raises(DatabaseUnavailable):
            who_am_i(make_nameless(mariadb_url, arn))
    client.close()
