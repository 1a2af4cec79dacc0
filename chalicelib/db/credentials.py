"""User and password of the database, read from Secrets Manager when a connection is made.

They change now and then: a refusal of the ones in hand makes us read them anew, so nothing has
to be restarted.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from pymysql import OperationalError
from sqlalchemy import Engine, event

from chalicelib.errors import DatabaseUnavailable

#: MySQL's "Access denied for user".
_ACCESS_DENIED = 1045


class Login(msgspec.Struct, frozen=True):
    """What a secret in RDS's form says; the names of the fields are RDS's."""

    username: str
    password: str


class SecretCredentials:
    """What the secret said last; read at the first connection, and again when it is refused."""

    def __init__(self, secret_arn: str) -> None:
        """`secret_arn`: of a secret in RDS's form, JSON with username and password."""
        self._secret_arn = secret_arn
        self._known: Login | None = None

    def connect(self, dialect: Any, record: Any, arguments: Any, parameters: dict[str, Any]) -> Any:
        """Connect for SQLAlchemy (its event do_connect).

        Raises:
            DatabaseUnavailable: the secret cannot be read, or is empty.
        """
        was_known = self._known is not None
        try:
            return dialect.connect(*arguments, **parameters | self._read())
        except OperationalError as error:
            if not was_known or error.args[0] != _ACCESS_DENIED:
                raise
            self._known = None
            return dialect.connect(*arguments, **parameters | self._read())

    def _read(self) -> dict[str, str]:
        self._known = self._known or read_secret(self._secret_arn)
        if self._known is None:
            raise DatabaseUnavailable from LookupError(f"{self._secret_arn} is empty or not there")
        return {"user": self._known.username, "password": self._known.password}


def use_secret(engine: Engine, secret_arn: str) -> None:
    """Let the engine's connections take user and password from this secret."""
    event.listen(engine, "do_connect", SecretCredentials(secret_arn).connect)


def read_secret(secret_arn: str) -> Login | None:
    """What the secret says; None if it is not there, or nothing was written into it yet.

    Raises:
        DatabaseUnavailable: it cannot be read, or has another form.
    """
    with _reach_secrets(secret_arn) as client:
        try:
            text = client.get_secret_value(SecretId=secret_arn).get("SecretString")
        except client.exceptions.ResourceNotFoundException:
            return None
    if not text:  # emulators answer so for one that was never written
        return None
    try:
        return msgspec.json.decode(text, type=Login)
    except msgspec.MsgspecError as error:
        raise DatabaseUnavailable from error


def write_secret(secret_arn: str, login: Login) -> None:
    """Write it into a secret that is there. Raises DatabaseUnavailable."""
    text = msgspec.json.encode(login).decode()
    with _reach_secrets(secret_arn) as client:
        client.put_secret_value(SecretId=secret_arn, SecretString=text)


@contextmanager
def _reach_secrets(secret_arn: str) -> Iterator[Any]:
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.session import get_session

    client = get_session().create_client(
        "secretsmanager",
        region_name=secret_arn.split(":")[3],
        config=Config(connect_timeout=2, read_timeout=4, retries={"total_max_attempts": 2}),
    )
    try:
        yield client
    except (BotoCoreError, ClientError) as error:
        raise DatabaseUnavailable from error
    finally:
        client.close()
