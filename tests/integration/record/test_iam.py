"""The database's user shows tokens of IAM, which are those of boto3, signed in time.

RDS alone has the plugin that takes them: here a user of IAM is made with a password in its place.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from sqlalchemy import Engine, event, make_url, text
from sqlalchemy.exc import DBAPIError

from chalicelib.db import iam
from chalicelib.db.application_user import UserNotMade, ensure_iam_user
from chalicelib.db.engine import connect, make_engine
from chalicelib.errors import DatabaseUnavailable
from infra.local.servers.mariadb import MariaDB
from tests.statements import recorded, verbs

HOST = "bellpull.abc.eu-west-1.rds.amazonaws.com"


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "a+session/token==")


@pytest.fixture
def stopped_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets all signatures be of one moment."""
    from botocore.compat import get_current_datetime

    moment = get_current_datetime(remove_tzinfo=True)
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda **_: moment)


@pytest.mark.parametrize("user", ["bellpull", "bell pull+&=/ü"])
def test_token_is_the_one_that_boto3_makes(stopped_clock: None, user: str) -> None:
    client = boto3.Session().client(
        "rds", region_name="eu-west-1"
    )  # not one with older credentials
    expected = client.generate_db_auth_token(HOST, 3306, user)
    client.close()
    assert iam.sign_token("eu-west-1", HOST, 3306, user) == expected
    assert "X-Amz-Expires=900" in expected


class Clock:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.at = 1_000_000.0
        monkeypatch.setattr(iam.time, "time", lambda: self.at)


def test_token_is_used_for_ten_minutes_of_its_fifteen(monkeypatch: pytest.MonkeyPatch) -> None:
    clock, signed = Clock(monkeypatch), []

    def sign(*asked: Any) -> str:
        signed.append(asked)
        return f"token {len(signed)}"

    monkeypatch.setattr(iam, "sign_token", sign)
    token = iam.IamToken("eu-west-1")
    shown = []
    for minutes in (0, 9, 11, 20, 22):
        clock.at = 1_000_000.0 + 60 * minutes
        parameters = {"host": HOST, "user": "bellpull"}
        token.show(None, None, (), parameters)
        shown.append(parameters["password"])
    assert shown == ["token 1", "token 1", "token 2", "token 2", "token 3"]
    assert signed[0] == ("eu-west-1", HOST, 3306, "bellpull")


@pytest.fixture
def user(mariadb: MariaDB, mariadb_url: str, stopped_clock: None) -> Iterator[str]:
    """A user whose password is the token of this moment."""
    url, name = make_url(mariadb_url), f"user{uuid.uuid4().hex[:12]}"
    if mariadb.is_mysql:
        pytest.skip("MySQL's own passwords are at most 256 characters")
    token = iam.sign_token("eu-west-1", str(url.host), url.port or 3306, name)
    with mariadb.cursor() as cursor:
        cursor.execute(f"CREATE USER '{name}'@'%' IDENTIFIED BY '{token}'")
    yield name
    with mariadb.cursor() as cursor:
        cursor.execute(f"DROP USER '{name}'@'%'")


def test_connection_shows_the_token_as_its_password(mariadb_url: str, user: str) -> None:
    url = make_url(mariadb_url).set(username=user, database="")
    engine = make_engine(url.render_as_string(), iam_region="eu-west-1")
    with connect(engine) as connection:
        assert str(connection.execute(text("SELECT CURRENT_USER()")).scalar_one()).startswith(user)
    engine.dispose()


def test_process_without_credentials_has_no_database(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nowhere")
    engine = make_engine("mysql+pymysql://u@127.0.0.1:9/nowhere", iam_region="eu-west-1")
    with pytest.raises(DatabaseUnavailable) as caught, connect(engine):
        pass
    assert str(caught.value.__cause__) == "Unable to locate credentials"


PLUGIN = "IDENTIFIED WITH AWSAuthenticationPlugin AS 'RDS'"


@pytest.fixture
def owner(mariadb_url: str) -> Iterator[Engine]:
    engine = make_engine(mariadb_url)
    yield engine
    engine.dispose()


@pytest.fixture
def name(mariadb: MariaDB) -> Iterator[str]:
    """Of a user that is not there yet; the server is shared."""
    made = f"user{uuid.uuid4().hex[:12]}"
    yield made
    with mariadb.cursor() as cursor:
        cursor.execute(f"DROP USER IF EXISTS '{made}'@'%'")


def find_users(engine: Engine, name: str) -> list[str]:
    with connect(engine) as connection:
        query = text("SELECT User FROM mysql.user WHERE User = :name")
        return list(connection.execute(query, {"name": name}).scalars())


def test_user_of_iam_is_made_with_the_plugin_of_rds_for_rows_alone(
    owner: Engine, name: str, mariadb_url: str
) -> None:
    sent: list[str] = []

    @event.listens_for(owner, "before_cursor_execute", retval=True)
    def take_a_password(_c: Any, _u: Any, statement: str, given: Any, *_: Any) -> tuple[str, Any]:
        sent.append(statement)
        return statement.replace(PLUGIN, "IDENTIFIED BY 'shown'"), given

    for _ in range(2):  # the second time it is there
        with connect(owner) as connection:
            ensure_iam_user(connection, name)
    identified = [statement for statement in sent if "IDENTIFIED" in statement]
    assert len(identified) == 4
    assert all(statement.endswith(PLUGIN) for statement in identified)
    url = make_url(mariadb_url).set(username=name, password="shown")
    engine = make_engine(url.render_as_string(hide_password=False))
    with connect(engine) as connection:
        connection.execute(text("DELETE FROM jobs WHERE id = ''"))
        with pytest.raises(DBAPIError, match="denied"):
            connection.execute(text("DROP TABLE jobs"))
    engine.dispose()


def test_server_without_the_plugin_makes_no_user_of_iam(owner: Engine, name: str) -> None:
    with connect(owner) as connection, pytest.raises(UserNotMade, match="RDS alone"):
        ensure_iam_user(connection, name)
    assert find_users(owner, name) == []


def test_owner_of_the_schema_keeps_its_password(owner: Engine) -> None:
    with recorded(owner) as sent, connect(owner) as connection:
        user = str(connection.execute(text("SELECT CURRENT_USER()")).scalar_one())
        with pytest.raises(UserNotMade, match="owns the schema"):
            ensure_iam_user(connection, user.partition("@")[0])
    assert set(verbs(sent)) == {"SELECT"}
