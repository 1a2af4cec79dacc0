"""Idempotency keys: a request that a client repeats makes nothing twice for a day.

After draft-ietf-httpapi-idempotency-key-header: the same key with another body is an error.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

import msgspec
from sqlalchemy import Connection, Engine, and_, delete, insert, select
from sqlalchemy.exc import IntegrityError

from chalicelib.db.clock import now, seconds_from_now
from chalicelib.db.engine import connect, in_transaction
from chalicelib.db.tables import idempotency_keys
from chalicelib.errors import IdempotencyKeyReused

T = TypeVar("T")

#: Seconds that a key is remembered.
KEPT_SECONDS = 86_400
#: Keys forgotten in one statement, and how often in a row.
_CHUNK = 1000
_ROUNDS = 20


class Once(msgspec.Struct):
    """The key of one request, a fingerprint of what it asks for, and what became of it."""

    project_id: str
    key: str
    #: SHA-256 in hexadecimal of the route and the body.
    fingerprint: str
    #: Set when an earlier request with this key had made what this one asks for.
    is_replay: bool = False


def in_transaction_once(
    engine: Engine,
    once: Once | None,
    work: Callable[[Connection], tuple[T, Sequence[str]]],
    replay: Callable[[Sequence[str]], T],
) -> T:
    """Run `work` in one transaction, unless a request with this key was answered before.

    `work` returns its result and the ids of what it made; `replay` makes a result out of
    those ids, and `once` learns that it is one.

    Raises:
        IdempotencyKeyReused: the key was used for something else.
        DatabaseUnavailable: see `in_transaction`.
    """

    def work_and_remember(connection: Connection) -> T:
        # Remembered last, when the ids are known. A second request that comes at the same
        # time waits here for the first one's commit, and all that it did is rolled back.
        result, made = work(connection)
        if once is not None:
            _remember(connection, once, made)
        return result

    if once is not None and (made := _find(engine, once)) is not None:
        return _replay(once, made, replay)
    try:
        return in_transaction(engine, work_and_remember)
    except IntegrityError:
        if once is None or (made := _find(engine, once)) is None:
            raise
        return _replay(once, made, replay)


def clean(engine: Engine) -> int:
    """Forget keys whose day is over, in chunks; returns how many there were."""
    is_over = idempotency_keys.c.created_at < seconds_from_now(-KEPT_SECONDS)
    oldest = select(idempotency_keys.c.created_at).where(is_over)
    total = 0
    with connect(engine) as connection:
        for _ in range(_ROUNDS):
            moments = connection.execute(
                oldest.order_by(idempotency_keys.c.created_at).limit(_CHUNK)
            ).scalars()
            if not (found := list(moments)):
                break
            gone = delete(idempotency_keys).where(idempotency_keys.c.created_at <= found[-1])
            total += connection.execute(gone).rowcount
    return total


def _replay(once: Once, made: Sequence[str], replay: Callable[[Sequence[str]], T]) -> T:
    once.is_replay = True
    return replay(made)


def _remember(connection: Connection, once: Once, made: Sequence[str]) -> None:
    connection.execute(
        insert(idempotency_keys).values(
            project_id=once.project_id,
            key=once.key,
            fingerprint=once.fingerprint,
            made=list(made),
            created_at=now(),
        )
    )


def _find(engine: Engine, once: Once) -> list[str] | None:
    mine = and_(
        idempotency_keys.c.project_id == once.project_id, idempotency_keys.c.key == once.key
    )
    is_over = idempotency_keys.c.created_at < seconds_from_now(-KEPT_SECONDS)
    query = select(
        idempotency_keys.c.fingerprint, idempotency_keys.c.made, is_over.label("is_over")
    ).where(mine)
    with connect(engine) as connection:
        row = connection.execute(query).one_or_none()
        if row is None:
            return None
        if row.is_over:
            connection.execute(delete(idempotency_keys).where(mine, is_over))
            return None
    if row.fingerprint != once.fingerprint:
        raise IdempotencyKeyReused
    made: list[str] = row.made
    return made
