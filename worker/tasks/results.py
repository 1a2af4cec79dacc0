"""From what a task returns to the JSON that the record keeps."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from celery.result import ResultBase
from kombu.utils import json as kombu_json
from sqlalchemy import Engine, text

from chalicelib.db.engine import connect
from chalicelib.errors import PermanentError

#: Results up to this size fit every database that is set up at all sensibly.
_SMALL_BYTES = 256 * 1024


class ResultUnusable(PermanentError):
    """The result of the task cannot be kept."""

    code = "result-unusable"


def encode_result(engine: Engine, value: Any) -> msgspec.Raw | None:
    """The JSON of a task's result; kombu's JSON, so dates and UUIDs come back as such.

    Raises ResultUnusable if it cannot be written as JSON or is too large for the row.
    """
    if value is None:
        return None
    try:
        plain = value
        if isinstance(value, msgspec.Struct):
            plain = msgspec.to_builtins(value)
        elif isinstance(value, ResultBase):  # as Celery keeps it, for result_from_tuple
            plain = value.as_tuple()
        encoded = kombu_json.dumps(plain).encode()
    except (TypeError, ValueError, RecursionError) as error:
        raise ResultUnusable(f"The result cannot be written as JSON: {error}") from error
    if len(encoded) > _SMALL_BYTES:
        _require_space(engine, encoded)
    return msgspec.Raw(encoded)


def count_recordable(results: Sequence[msgspec.Raw | None]) -> int:
    """How many of these results, the first at least, one statement can record together."""
    size = 0
    for count, result in enumerate(results):
        size += 0 if result is None else len(bytes(result))
        if count and size > _SMALL_BYTES:
            return count
    return len(results)


def _require_space(engine: Engine, encoded: bytes) -> None:
    if engine.dialect.name == "sqlite":
        return
    with connect(engine) as connection:
        limit = int(connection.execute(text("SELECT @@max_allowed_packet")).scalar_one())
    # PyMySQL sends text in the statement and escapes these; 1 KB for the statement itself.
    size = len(encoded) + sum(encoded.count(mark) for mark in (b'"', b"'", b"\\", b"\n")) + 1024
    if size > limit:
        raise ResultUnusable(
            f"The result takes {size} bytes and the database accepts {limit}: return less, "
            "keep it elsewhere and return where, or raise max_allowed_packet."
        )
