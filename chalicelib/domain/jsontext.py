"""JSON as text: fast for what is JSON, tolerant of what other programs wrote as such.

Python's own writer emits NaN, infinities and lone surrogates, and Celery clients use it.
"""

from __future__ import annotations

import json
from typing import Any

import msgspec


def decode(text: str) -> Any:
    """What `text` says. Raises ValueError or RecursionError if it is no JSON by any reading."""
    try:
        return msgspec.json.decode(text)
    except msgspec.MsgspecError:
        return json.loads(text)


def encode(value: Any) -> str:
    """`value` as JSON: what `decode` makes of it is the same value."""
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:  # a lone surrogate, which only an escape can say
        return json.dumps(msgspec.to_builtins(value))


def encode_foreign(value: Any) -> str:
    """`value` as Python's own writer says it: NaN stays NaN and does not become null."""
    return json.dumps(value)
