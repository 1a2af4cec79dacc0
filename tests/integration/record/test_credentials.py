"""User and password of the database come from a secret, and from it anew when they change."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, make_url, text

from chalicelib.db.engine import connect, make_engine
from chalicelib.errors import DatabaseUnavailable
from infra.local.servers.mariadb import MariaDB
from tests.integration.record.secret import MakeSecret, Secret


@pytest.fixture
def secret(make_secret: MakeSecret) -> Secret:
    return make_secret()


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
    mariadb_url: str, user: str, secret: Secret
) -> None:
    secret.write(user, "first")
    engine = make_nameless(mariadb_url, secret.arn)
    assert who_am_i(engine).startswith(user)
    engine.dispose()


def test_password_that_changed_is_read_anew(
    mariadb: MariaDB, mariadb_url: str, user: str, secret: Secret
) -> None:
    secret.write(user, "first")
    engine = make_nameless(mariadb_url, secret.arn)
    who_am_i(engine)
    engine.dispose()
    with mariadb.cursor() as cursor:
        cursor.execute(f"ALTER USER '{user}'@'%' IDENTIFIED BY 'second'")
    secret.write(user, "second")
    assert who_am_i(engine).startswith(user)
    engine.dispose()


def test_wrong_password_is_a_database_that_cannot_be_reached(
    mariadb_url: str, user: str, secret: Secret
) -> None:
    secret.write(user, "wrong")
    engine = make_nameless(mariadb_url, secret.arn)
    for _ in range(2):
        with pytest.raises(DatabaseUnavailable) as caught:
            who_am_i(engine)
        assert "Access denied" in str(caught.value.__cause__)


def test_secret_that_is_not_there_is_a_database_that_cannot_be_reached(
    mariadb_url: str, secret: Secret
) -> None:
    arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:nowhere-AbCdEf"
    with pytest.raises(DatabaseUnavailable) as caught:
        who_am_i(make_nameless(mariadb_url, arn))
    assert str(caught.value.__cause__) == f"{arn} is empty or not there"


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ({"SecretString": "[1]"}, "Expected `object`"),
        ({"SecretString": "{}"}, "missing required field"),
        ({"SecretBinary": b"x"}, "is empty or not there"),
    ],
)
def test_secret_of_another_form_is_a_database_that_cannot_be_reached(
    mariadb_url: str, secret: Secret, value: dict[str, Any], words: str
) -> None:
    secret.put(**value)
    with pytest.raises(DatabaseUnavailable) as caught:
        who_am_i(make_nameless(mariadb_url, secret.arn))
    assert words in str(caught.value.__cause__)
