"""Whether the database and SQS can be reached from here."""

from __future__ import annotations

import http.client
from urllib.parse import urlsplit

from sqlalchemy import Engine, select

from chalicelib.broker.queues import DEFAULT
from chalicelib.db.clock import now
from chalicelib.db.engine import connect
from chalicelib.errors import DatabaseUnavailable, NotReady
from chalicelib.settings import get_settings

_TIMEOUT_SECONDS = 3.0


def require_ready(engine: Engine) -> None:
    """Ask the database for a row, and SQS for any answer. Raises NotReady.

    SQS is asked without credentials and by the standard library alone, so that a probe costs
    no import of botocore; what that cannot notice is a missing permission.
    """
    try:
        with connect(engine) as connection:
            connection.execute(select(now()))
    except DatabaseUnavailable as error:
        raise NotReady from error
    settings = get_settings()
    url = urlsplit(settings.sqs_endpoint_url or settings.queue_url(DEFAULT))
    kind = http.client.HTTPSConnection if url.scheme == "https" else http.client.HTTPConnection
    asked = kind(url.hostname or "", url.port, timeout=_TIMEOUT_SECONDS)
    try:
        asked.request("GET", "/")
        asked.getresponse()
    except (OSError, http.client.HTTPException) as error:
        raise NotReady from error
    finally:
        asked.close()
