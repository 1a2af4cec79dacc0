"""Tokens: minted, found by what a caller shows, listed, rotated, revoked."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NoReturn

import msgspec
from sqlalchemy import Connection, Engine, Row, and_, bindparam, insert, null, or_, select, update
from sqlalchemy.engine import Dialect

from chalicelib.db.clock import now, seconds_from_now
from chalicelib.db.engine import connect, in_transaction
from chalicelib.db.paging import newest_first, older_than
from chalicelib.db.prepared import Prepared
from chalicelib.db.tables import tokens
from chalicelib.domain.ids import is_project_id, new_id
from chalicelib.domain.scopes import Scope
from chalicelib.errors import BellpullError, NotFound, SecretShownOnce
from chalicelib.services import audit
from chalicelib.services.idempotency import Once, in_transaction_once

#: Makes a token recognisable to people and to scanners for leaked secrets.
_PREFIX = "bp_"
#: That a token is used is written down this often, so that it costs requests nothing.
_USE_NOTED_EVERY = timedelta(minutes=1)


class InvalidProject(BellpullError):
    """A project's name has 1 to 64 letters, digits, dots, hyphens and underscores."""

    code = "invalid-project"


class Caller(msgspec.Struct, frozen=True):
    """Who is calling: for which project, with which scopes."""

    token_id: str
    project_id: str
    scopes: list[str]
    #: When the token was looked up, by the database's clock.
    seen_at: datetime


_IS_VALID = and_(
    tokens.c.revoked_at.is_(None), or_(tokens.c.expires_at.is_(None), tokens.c.expires_at > now())
)
_BY_DIGEST = select(
    tokens.c.id,
    tokens.c.project_id,
    tokens.c.scopes,
    tokens.c.last_used_at,
    now().label("seen_at"),
).where(tokens.c.digest == bindparam("digest"), _IS_VALID)


def mint(
    engine: Engine,
    project_id: str,
    scopes: list[Scope],
    *,
    name: str | None = None,
    expires_in_seconds: int | None = None,
    once: Once | None = None,
) -> tuple[str, str]:
    """Make a token; returns its id and the token itself, which is shown this once only.

    Raises:
        InvalidProject: there can be no project of this name.
        IdempotencyKeyReused: the key was used for something else.
        SecretShownOnce: it was used for this, and nobody knows that token any more.
    """
    if not is_project_id(project_id):
        raise InvalidProject
    token_id, token = new_id(), _draw()

    def work(connection: Connection) -> tuple[tuple[str, str], list[str]]:
        connection.execute(
            insert(tokens).values(
                id=token_id,
                project_id=project_id,
                digest=_digest(token),
                scopes=[scope.value for scope in scopes],
                name=name,
                expires_at=_after(expires_in_seconds),
                created_at=now(),
            )
        )
        audit.record(connection, project_id, "tokens.create", token_id)
        return (token_id, token), [token_id]

    return in_transaction_once(engine, once, work, _refuse_replay)


def identify(engine: Engine, token: str) -> Caller | None:
    """Who shows this token, None if it is unknown, expired or revoked."""
    with connect(engine) as connection:
        row = _find_by_digest(engine.dialect).read_one(connection, {"digest": _digest(token)})
        if row is None:
            return None
        token_id, project_id, scopes, last_used_at, seen_at = row
        if last_used_at is None or seen_at - last_used_at > _USE_NOTED_EVERY:
            use = update(tokens).where(tokens.c.id == token_id).values(last_used_at=now())
            connection.execute(use)
    return Caller(token_id, project_id, scopes, seen_at)


@lru_cache(maxsize=4)
def _find_by_digest(dialect: Dialect) -> Prepared:
    return Prepared(_BY_DIGEST, dialect)


def list_all(engine: Engine) -> list[Row[Any]]:
    """The tokens of all projects, oldest first."""
    with connect(engine) as connection:
        return list(connection.execute(select(tokens).order_by(tokens.c.created_at)))


def list_newest(
    engine: Engine, project_id: str, *, limit: int, after: str | None = None
) -> list[Row[Any]]:
    """Tokens of a project, newest first. `after`: id of the last row of the page before.

    Raises NotFound if this project has no token `after`.
    """
    query = select(tokens).where(tokens.c.project_id == project_id)
    with connect(engine) as connection:
        if after is not None:
            query = query.where(older_than(tokens, _find(connection, project_id, after)))
        return list(connection.execute(newest_first(query, tokens).limit(limit)))


def get(engine: Engine, project_id: str, token_id: str) -> Row[Any]:
    """The row of a token. Raises NotFound if this project has no such one."""
    with connect(engine) as connection:
        return _find(connection, project_id, token_id)


def rotate(
    engine: Engine,
    project_id: str,
    token_id: str,
    *,
    overlap_seconds: int,
    once: Once | None = None,
) -> tuple[str, str]:
    """Make a token like this one, which is worth nothing after `overlap_seconds` more.

    Returns the new one's id and the new token itself.

    Raises:
        NotFound: this project has no such token that is valid.
        IdempotencyKeyReused, SecretShownOnce: as `mint`.
    """
    new_token_id, token = new_id(), _draw()

    def work(connection: Connection) -> tuple[tuple[str, str], list[str]]:
        row = _find(connection, project_id, token_id, is_valid=True)
        life = row.expires_at and max(1, round((row.expires_at - row.created_at).total_seconds()))
        connection.execute(
            insert(tokens).values(
                id=new_token_id,
                project_id=project_id,
                digest=_digest(token),
                scopes=row.scopes,
                name=row.name,
                expires_at=_after(life),
                created_at=now(),
            )
        )
        connection.execute(
            update(tokens)
            .where(
                tokens.c.id == token_id,
                or_(
                    tokens.c.expires_at.is_(None),
                    tokens.c.expires_at > seconds_from_now(overlap_seconds),
                ),
            )
            .values(expires_at=seconds_from_now(overlap_seconds))
        )
        audit.record(connection, project_id, "tokens.rotate", token_id, new_id=new_token_id)
        return (new_token_id, token), [new_token_id]

    return in_transaction_once(engine, once, work, _refuse_replay)


def revoke(
    engine: Engine,
    token_id: str,
    project_id: str | None = None,
    *,
    require: Callable[[Row[Any]], None] | None = None,
) -> None:
    """Make a token worthless from now on; `project_id`: only if it is this project's.

    `require`: what else is asked of it; raises PreconditionFailed. Raises NotFound if no valid
    one has this id.
    """

    def work(connection: Connection) -> None:
        row = _find(connection, project_id, token_id, is_valid=True)
        if require is not None:
            require(row)
        connection.execute(update(tokens).where(tokens.c.id == token_id).values(revoked_at=now()))
        audit.record(connection, row.project_id, "tokens.revoke", token_id)

    in_transaction(engine, work)


def _refuse_replay(ids: Sequence[str]) -> NoReturn:
    raise SecretShownOnce(
        f"A request with this Idempotency-Key made the token {ids[0]}, which was shown then and "
        "is known to nobody here. If that answer is lost, revoke it and make another one under "
        "another key."
    )


def _find(
    connection: Connection, project_id: str | None, token_id: str, *, is_valid: bool = False
) -> Row[Any]:
    query = select(tokens).where(tokens.c.id == token_id)
    if project_id is not None:
        query = query.where(tokens.c.project_id == project_id)
    if is_valid:
        query = query.where(_IS_VALID).with_for_update()
    row = connection.execute(query).one_or_none()
    if row is None:
        raise NotFound(f"There is no {'valid ' if is_valid else ''}token {token_id}.")
    return row


def _after(seconds: int | None) -> Any:
    return null() if seconds is None else seconds_from_now(seconds)


def _draw() -> str:
    return _PREFIX + secrets.token_urlsafe(32)


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
