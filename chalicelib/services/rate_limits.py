"""How many requests a minute a token is let through, over all processes of the API together."""

from __future__ import annotations

import threading

from sqlalchemy import Engine, case, or_, update

from chalicelib.db.engine import connect
from chalicelib.db.tables import tokens
from chalicelib.errors import TooManyRequests
from chalicelib.services.tokens import Caller

#: A process reserves so many requests at once, so that not each one costs a statement: one in
#: this many of a minute's. What it does not use by the end of the minute is lost.
_PORTIONS = 50
#: Tokens that a process remembers.
_MOST_TOKENS = 10_000

_reserved: dict[str, tuple[int, int]] = {}
_lock = threading.Lock()


def spend(engine: Engine, caller: Caller, limit: int) -> None:
    """Count a request of this caller. `limit`: requests a minute, above 0.

    Raises TooManyRequests, which says when the next minute begins.
    """
    minute = int(caller.seen_at.timestamp() // 60)
    with _lock:
        of, left = _reserved.get(caller.token_id, (minute, 0))
        if of == minute and left > 0:
            _reserved[caller.token_id] = (minute, left - 1)
            return
    portion = max(1, limit // _PORTIONS)
    if not _reserve(engine, caller.token_id, minute, portion, limit):
        raise TooManyRequests(
            f"This token may send {limit} requests a minute.",
            retry_after_seconds=60 - caller.seen_at.second,
        )
    with _lock:
        if len(_reserved) >= _MOST_TOKENS:
            _reserved.clear()
        of, left = _reserved.get(caller.token_id, (minute, 0))
        kept = left if of == minute else 0
        _reserved[caller.token_id] = (minute, kept + portion - 1)


def _reserve(engine: Engine, token_id: str, minute: int, portion: int, limit: int) -> bool:
    is_new = or_(tokens.c.requests_minute.is_(None), tokens.c.requests_minute < minute)
    statement = (
        update(tokens)
        .where(
            tokens.c.id == token_id,
            or_(is_new, tokens.c.requests + portion <= limit),
        )
        # In this order: MySQL assigns from left to right, and the first looks at the second.
        .ordered_values(
            ("requests", case((is_new, portion), else_=tokens.c.requests + portion)),
            ("requests_minute", minute),
        )
    )
    with connect(engine) as connection:
        return connection.execute(statement).rowcount == 1
