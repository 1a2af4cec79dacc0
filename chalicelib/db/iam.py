"""Tokens of IAM in the place of the database's password: RDS takes one for 15 minutes.

Signed here without a call, by what boto3's generate_db_auth_token does.
https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/UsingWithRDS.IAMDBAuth.Connecting.html
"""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import quote, urlencode

from sqlalchemy import Engine, event

from chalicelib.errors import DatabaseUnavailable

_VALID_SECONDS = 900
#: A token is used for new connections this long; those that are open stay so.
_USED_SECONDS = 600.0


class IamToken:
    """The token of one process, signed anew when it is ten minutes old."""

    def __init__(self, region: str) -> None:
        """`region`: where the database is."""
        self._region = region
        self._token = ""
        self._signed_at = 0.0

    def show(self, dialect: Any, record: Any, arguments: Any, parameters: dict[str, Any]) -> None:
        """Give a connection that is about to be made its password (SQLAlchemy's do_connect).

        Raises:
            DatabaseUnavailable: there are no credentials of AWS.
        """
        # By the clock of the day: a Lambda between two requests is frozen, other clocks with it.
        if abs(time.time() - self._signed_at) > _USED_SECONDS:
            host, port = parameters["host"], parameters.get("port", 3306)
            self._token = sign_token(self._region, host, port, parameters["user"])
            self._signed_at = time.time()
        parameters["password"] = self._token


def sign_token(region: str, host: str, port: int, user: str) -> str:
    """What `user` shows as password. Raises DatabaseUnavailable without credentials of AWS."""
    from botocore.auth import SigV4QueryAuth
    from botocore.awsrequest import AWSRequest
    from botocore.exceptions import BotoCoreError
    from botocore.session import get_session

    query = urlencode({"Action": "connect", "DBUser": user}, quote_via=quote)
    request = AWSRequest("GET", f"https://{host}:{port}/?{query}")
    try:
        credentials = get_session().get_credentials()
        SigV4QueryAuth(credentials, "rds-db", region, expires=_VALID_SECONDS).add_auth(request)
    except BotoCoreError as error:
        raise DatabaseUnavailable from error
    return str(request.url).removeprefix("https://")


def use_iam(engine: Engine, region: str) -> None:
    """Let the engine's connections show tokens of IAM."""
    event.listen(engine, "do_connect", IamToken(region).show)
