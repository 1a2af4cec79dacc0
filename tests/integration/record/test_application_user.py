"""The user that API and workers log in as reads and writes rows, and can do nothing else."""

from __future__ import annotations

import os
import subprocess
import sys
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import DBAPIError

from chalicelib.db.application_user import PRIVILEGES, ensure_application_user
from chalicelib.db.engine import connect, make_engine
from chalicelib.errors import DatabaseUnavailable
from infra.local.servers.mariadb import MariaDB
from tests.integration.infra.conftest import ROOT
from tests.integration.record.secret import MakeSecret, Secret


@pytest.fixture
def secret(mariadb: MariaDB, make_secret: MakeSecret) -> Iterator[Secret]:
    made = make_secret()
    # The server is shared: a user with a name of the test's own.
    made.write(f"user{uuid.uuid4().hex[:12]}", "first")
    yield made
    with mariadb.cursor() as cursor:
        cursor.execute(f"DROP USER IF EXISTS '{made.read()['username']}'@'%'")


def ensure(url: str, secret: Secret, *, new_password: bool = False) -> str:
    engine = make_engine(url)
    try:
        with connect(engine) as connection:
            return ensure_application_user(connection, secret.arn, new_password=new_password)
    finally:
        engine.dispose()


def log_in(url: str, secret: Secret) -> Engine:
    return make_engine(make_url(url).set(username=None).render_as_string(), secret_arn=secret.arn)


@pytest.fixture
def application(mariadb_url: str, secret: Secret) -> Iterator[Engine]:
    """Connections of the application's."""
    ensure(mariadb_url, secret)
    engine = log_in(mariadb_url, secret)
    yield engine
    engine.dispose()


def run(engine: Engine, statement: str) -> Any:
    with connect(engine) as connection:
        return connection.execute(text(statement))


def test_application_reads_and_writes_rows(application: Engine) -> None:
    key = "scope = 'x' AND name = 'y' AND kind = 'rate' AND number = 1"
    run(application, "INSERT INTO control_slots VALUES ('x', 'y', 'rate', 1, NOW(), NULL)")
    run(application, f"UPDATE control_slots SET job_id = 'z' WHERE {key}")
    with connect(application) as connection:
        found = connection.execute(text(f"SELECT job_id FROM control_slots WHERE {key}"))
        assert found.scalar_one() == "z"
    run(application, f"DELETE FROM control_slots WHERE {key}")


@pytest.mark.parametrize(
    "statement",
    [
        "DROP TABLE jobs",
        "TRUNCATE TABLE jobs",
        "ALTER TABLE jobs ADD COLUMN more INT",
        "CREATE TABLE more (id INT)",
        "CREATE INDEX more ON jobs (state)",
        "DROP DATABASE {database}",
        "CREATE DATABASE more",
        "CREATE USER 'more'@'%'",
        "GRANT SELECT ON {database}.* TO CURRENT_USER()",
        "SELECT * FROM mysql.user",
        "SET GLOBAL max_connections = 1",
        "SELECT 1 INTO OUTFILE '/tmp/bellpull'",
    ],
)
def test_application_cannot_change_the_schema_or_leave_it(
    application: Engine, statement: str, mariadb_url: str
) -> None:
    with pytest.raises((DBAPIError, DatabaseUnavailable)) as refused:
        run(application, statement.format(database=make_url(mariadb_url).database))
    assert "denied" in str(refused.value.__cause__)


def test_application_sees_no_other_database_not_even_one_with_a_name_alike(
    mariadb: MariaDB, mariadb_url: str, application: Engine
) -> None:
    database = make_url(mariadb_url).database
    assert database
    alike = database.replace("_", "x")
    with mariadb.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {alike}")
        cursor.execute(f"CREATE TABLE {alike}.notes (id INT)")
    try:
        with pytest.raises(DBAPIError, match="denied"):
            run(application, f"SELECT * FROM {alike}.notes")
    finally:
        with mariadb.cursor() as cursor:
            cursor.execute(f"DROP DATABASE {alike}")


def test_every_connection_follows_a_new_password(mariadb_url: str, secret: Secret) -> None:
    ensure(mariadb_url, secret)
    running = log_in(mariadb_url, secret)
    run(running, "SELECT 1")
    ensure(mariadb_url, secret, new_password=True)
    assert secret.read()["password"] != "first"
    run(running, "SELECT 1")  # the connection that was there
    running.dispose()
    run(running, "SELECT 1")  # a new one: the password in hand is refused and read anew
    running.dispose()


def test_migrating_again_makes_the_server_follow_the_secret(
    mariadb: MariaDB, mariadb_url: str, application: Engine, secret: Secret
) -> None:
    """As after a change of the password whose secret could not be written."""
    user = secret.read()["username"]
    with mariadb.cursor() as cursor:
        cursor.execute(f"ALTER USER '{user}'@'%' IDENTIFIED BY 'nobody knows it'")
    with pytest.raises(DatabaseUnavailable):
        run(application, "SELECT 1")
    ensure(mariadb_url, secret)
    run(application, "SELECT 1")


def migrate(
    url: str, secret_arn: str, *arguments: str, **environment: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "worker", "migrate", *arguments],
        cwd=ROOT,
        env={
            **os.environ,
            "DATABASE_URL": url,
            "DATABASE_APPLICATION_SECRET_ARN": secret_arn,
            "SQS_QUEUE_URL": "http://127.0.0.1/{queue}",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )


def test_migration_makes_the_user_and_fills_an_empty_secret(
    mariadb: MariaDB, make_secret: MakeSecret
) -> None:
    secret, url = make_secret(), mariadb.create_database()
    try:
        done = migrate(url, secret.arn)
        assert (done.returncode, done.stderr) == (0, "")
        assert "log in as bellpull_application" in done.stdout
        assert secret.read()["password"] not in done.stdout
        engine = log_in(url, secret)
        run(engine, "SELECT COUNT(*) FROM jobs")
        engine.dispose()
    finally:
        with mariadb.cursor() as cursor:
            cursor.execute("DROP USER IF EXISTS 'bellpull_application'@'%'")
        mariadb.drop_database(url)


def test_user_that_may_not_make_users_is_told_in_a_line(
    mariadb: MariaDB, mariadb_url: str, application: Engine, secret: Secret
) -> None:
    login = secret.read()
    url = make_url(mariadb_url).set(username=login["username"], password=login["password"])
    done = migrate(url.render_as_string(hide_password=False), secret.arn)
    assert done.returncode == 1
    assert "could not be made" in done.stderr
    assert login["password"] not in done.stderr
    assert "Traceback" not in done.stderr


def test_new_password_of_nobody_is_refused(mariadb_url: str) -> None:
    done = migrate(mariadb_url, "", "--new-password")
    assert done.returncode == 1
    assert done.stderr.startswith("DATABASE_APPLICATION_SECRET_ARN is not set")


def test_migration_says_that_users_of_iam_are_for_rds(mariadb_url: str) -> None:
    done = migrate(mariadb_url, "", DATABASE_APPLICATION_IAM_USER="nobody_yet")
    assert done.returncode == 1
    assert "at revision" in done.stdout
    assert "RDS alone" in done.stderr
    assert "Traceback" not in done.stderr


def test_privileges_are_those_on_rows() -> None:
    assert PRIVILEGES == "SELECT, INSERT, UPDATE, DELETE"
