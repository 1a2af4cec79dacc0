"""User and password of the database, read from Secrets Manager when a connection is made.

RDS keeps them there and changes the password now and then: a refusal of the one in hand makes
us read it anew, so nothing has to be restarted.
"""

from __future__ import annotations

import json
from typing import Any

from pymysql import OperationalError
from sqlalchemy import Engine, event

from chalicelib.errors import DatabaseUnavailable

#: MySQL's "Access denied for user".
_ACCESS_DENIED = 1045


class SecretCredentials:
    """What the secret said last; read at the first connection, and again when it is refused."""

    def __init__(self, secret_arn: str) -> None:
        """`secret_arn`: of a secret in RDS's form, JSON with username and password."""
        self._secret_arn = secret_arn
        self._known: dict[str, str] = {}

    def connect(self, dialect: Any, record: Any, arguments: Any, parameters: dict[str, Any]) -> Any:
        """Connect for SQLAlchemy (its event do_connect).

        Raises:
            DatabaseUnavailable: the secret cannot be read.
        """
        was_known = bool(self._known)
        try:
            return dialect.connect(*arguments, **parameters | self._read())
        except OperationalError as error:
            if not was_known or error.args[0] != _ACCESS_DENIED:
                raise
            self._known = {}
            return dialect.connect(*arguments, **parameters | self._read())

    def _read(self) -> dict[str, str]:
        if not self._known:
            secret = json.loads(self._fetch())
            self._known = {"user": secret["username"], "password": secret["password"]}
        return self._known

    def _fetch(self) -> str:
        from botocore.config import Config
        from botocore.exceptions import BotoCoreError, ClientError
        from botocore.session import get_session

        client = get_session().create_client(
            "secretsmanager",
            region_name=self._secret_arn.split(":")[3],
            config=Config(connect_timeout=2, read_timeout=4, retries={"total_max_attempts": 2}),
        )
        try:
            return str(client.get_secret_value(SecretId=self._secret_arn)["SecretString"])
        except (BotoCoreError, ClientError) as error:
            raise DatabaseUnavailable from error
        finally:
            client.close()


def use_secret(engine: Engine, secret_arn: str) -> None:
    """Let the engine's connections take user and password from this secret."""
    event.listen(engine, "do_connect", SecretCredentials(secret_arn).connect)
