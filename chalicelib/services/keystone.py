"""Callers who show a token of Keystone: validated there, and remembered for a while.

A token may ask Keystone about itself (policy identity:validate_token), so this system needs
no credentials of its own there.
https://docs.openstack.org/api-ref/identity/v3/#validate-and-show-information-for-token
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import msgspec
from sqlalchemy import Engine

from chalicelib.db.clock import read_clock
from chalicelib.db.engine import connect
from chalicelib.domain.ids import is_project_id
from chalicelib.domain.scopes import Scope
from chalicelib.errors import KeystoneUnavailable, Unauthorized
from chalicelib.services.tokens import Caller
from chalicelib.settings import get_settings

if TYPE_CHECKING:
    from urllib3 import PoolManager

#: Seconds after which Keystone is asked again though the token has not expired: it may have
#: been revoked.
_TRUST_SECONDS = 300.0
_MOST_REMEMBERED = 2_000


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """What Keystone said of a token."""

    token_id: str
    project_id: str
    scopes: list[str]


class _Named(msgspec.Struct):
    id: str
    name: str = ""


class _ApplicationCredential(msgspec.Struct):
    access_rules: list[Any] | None = None


class _Token(msgspec.Struct):
    """The part of Keystone's answer that matters here."""

    expires_at: datetime
    audit_ids: list[str] = []
    project: _Named | None = None
    roles: list[_Named] = []
    application_credential: _ApplicationCredential | None = None


class _Answer(msgspec.Struct):
    token: _Token


class Memory:
    """What was said of tokens, each by its digest until a monotonic time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._known: OrderedDict[str, tuple[float, Known]] = OrderedDict()

    def recall(self, digest: str) -> Known | None:
        """What was said, None if nothing was or it is too long ago."""
        with self._lock:
            until, known = self._known.get(digest, (0.0, None))
            return known if time.monotonic() < until else None

    def keep(self, digest: str, known: Known, seconds: float) -> None:
        """Remember what was said for so many seconds; the oldest is forgotten."""
        with self._lock:
            self._known[digest] = (time.monotonic() + seconds, known)
            self._known.move_to_end(digest)
            if len(self._known) > _MOST_REMEMBERED:
                self._known.popitem(last=False)

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._known.clear()


memory = Memory()


def identify(engine: Engine, token: str) -> Caller | None:
    """Who shows this token of Keystone, None if Keystone does not know it.

    Raises:
        Unauthorized: it is good for something else.
        KeystoneUnavailable: Keystone cannot be asked.
        DatabaseUnavailable: the database's clock cannot be read.
    """
    digest = hashlib.sha256(token.encode()).hexdigest()
    known = memory.recall(digest)
    if known is None:
        answer = _ask(token)
        if answer is None:
            return None
        known = _understand(answer)
        left = (answer.expires_at - datetime.now(UTC)).total_seconds()
        memory.keep(digest, known, min(left, _TRUST_SECONDS))
    with connect(engine) as connection:
        return Caller(known.token_id, known.project_id, known.scopes, read_clock(connection))


def _ask(token: str) -> _Token | None:
    from urllib3.exceptions import HTTPError

    url = f"{str(get_settings().keystone_url).rstrip('/')}/auth/tokens?nocatalog"
    headers = {"X-Auth-Token": token, "X-Subject-Token": token, "Accept": "application/json"}
    try:
        answer = _pool().request("GET", url, headers=headers, retries=False)
    except HTTPError as error:
        raise KeystoneUnavailable from error
    if answer.status in (401, 403, 404):
        return None
    try:
        found = msgspec.json.decode(answer.data, type=_Answer).token
    except msgspec.MsgspecError as error:
        raise KeystoneUnavailable(f"Keystone answered {answer.status}.") from error
    return found if found.expires_at > datetime.now(UTC) else None


def _understand(token: _Token) -> Known:
    if token.project is None or not is_project_id(token.project.id):
        raise Unauthorized("This token is not for a project: ask Keystone for one that is.")
    if token.application_credential and token.application_credential.access_rules is not None:
        raise Unauthorized("This token is restricted to other services by its access rules.")
    permitted = get_settings().scope_of_role
    scopes = {
        permitted[role.name.lower()] for role in token.roles if role.name.lower() in permitted
    }
    return Known(
        token_id=(token.audit_ids or [""])[0][:36],
        project_id=token.project.id,
        scopes=[scope.value for scope in Scope if scope.value in scopes],
    )


@lru_cache(maxsize=1)
def _pool() -> PoolManager:
    import urllib3

    timeout = urllib3.Timeout(connect=2, read=4)
    return urllib3.PoolManager(timeout=timeout, maxsize=4, retries=False)
