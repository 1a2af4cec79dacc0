"""Tokens: minted, found by what a caller shows, listed, revoked."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Engine, Row, bindparam, insert, select, update

from chalicelib.db.clock import now
from chalicelib.db.engine import connect
from chalicelib.db.tables import tokens
from chalicelib.domain.ids import is_project_id, new_id
from chalicelib.domain.scopes import Scope
from chalicelib.errors import BellpullError, NotFound

#: Makes a token recognisable to people and to scanners for leaked secrets.
_PREFIX = "bp_"


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


_BY_DIGEST = select(
    tokens.c.id, tokens.c.project_id, tokens.c.scopes, now().label("seen_at")
).where(tokens.c.digest == bindparam("digest"), tokens.c.revoked_at.is_(None))


def mint(engine: Engine, project_id: str, scopes: list[Scope]) -> tuple[str, str]:
    """Make a token; returns its id and the token itself, which is shown this once only.

    Raises InvalidProject.
    """
    if not is_project_id(project_id):
        raise InvalidProject
    token_id, token = new_id(), _PREFIX + secrets.token_urlsafe(32)
    with connect(engine) as connection:
        connection.execute(
            insert(tokens).values(
                id=token_id,
                project_id=project_id,
                digest=_digest(token),
                scopes=[scope.value for scope in scopes],
                created_at=now(),
            )
        )
    return token_id, token


def identify(engine: Engine, token: str) -> Caller | None:
    """Who shows this token, None if it is unknown or revoked."""
    with connect(engine) as connection:
        row = connection.execute(_BY_DIGEST, {"digest": _digest(token)}).one_or_none()
    return None if row is None else Caller(row.id, row.project_id, row.scopes, row.seen_at)


def list_tokens(engine: Engine) -> list[Row[Any]]:
    """All tokens, oldest first."""
    with connect(engine) as connection:
        return list(connection.execute(select(tokens).order_by(tokens.c.created_at)))


def revoke(engine: Engine, token_id: str) -> None:
    """Make a token worthless from now on. Raises NotFound if none has this id."""
    with connect(engine) as connection:
        found = connection.execute(
            update(tokens)
            .where(tokens.c.id == token_id, tokens.c.revoked_at.is_(None))
            .values(revoked_at=now())
        )
    if found.rowcount == 0:
        raise NotFound(f"There is no valid token {token_id}.")


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "surrogateescape")).hexdigest()
