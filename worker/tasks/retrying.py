"""What a task may change about its job when it asks to be retried: `self.retry(args=...)`."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from kombu.utils import json as kombu_json
from sqlalchemy import Connection, Engine

from chalicelib.db.engine import in_transaction
from chalicelib.db.tables import jobs
from chalicelib.errors import PermanentError
from chalicelib.services.claims import Claim
from chalicelib.services.job_lifecycle import lock_claimed


class ArgumentsUnusable(PermanentError):
    """The arguments of the next attempt cannot be written as JSON."""

    code = "arguments-unusable"


def change_arguments(
    engine: Engine, held: Claim, args: Any | None, kwargs: dict[str, Any] | None
) -> None:
    """Have later attempts run with these arguments; what is None stays as it is.

    Raises ArgumentsUnusable if they cannot be written as JSON.
    """
    try:
        plain_args = None if args is None else json.loads(kombu_json.dumps(list(args)))
        plain_kwargs = None if kwargs is None else kombu_json.dumps(kwargs).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ArgumentsUnusable(f"{ArgumentsUnusable.__doc__} {error}") from error

    def work(connection: Connection) -> None:
        row = lock_claimed(connection, held)
        if row is None:
            return
        values: dict[str, Any] = {}
        if plain_kwargs is not None:
            values["parameters"] = msgspec.Raw(plain_kwargs)
        if plain_args is not None:
            values["message"] = {**(row.message or {}), "args": plain_args}
        connection.execute(jobs.update().where(jobs.c.id == held.job_id).values(values))

    in_transaction(engine, work)
