"""One request on its way through the API, and what is known about it."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping, Sequence
from contextvars import ContextVar
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import msgspec
from chalice.app import Request

from chalicelib.domain import jsontext
from chalicelib.domain.scopes import Scope, permits
from chalicelib.errors import ApiError, NotFound, PreconditionFailed

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from chalicelib.services.idempotency import Once
    from chalicelib.services.tokens import Caller

_KEY = re.compile(r"[\x21-\x7e]{1,255}")

#: Chalice keeps its current request on the application, where threads would share it.
current_call: ContextVar[Call] = ContextVar("current_call")


class Call:
    """A request, its id, and its caller once that one is known."""

    def __init__(self, request: Request, request_id: str) -> None:
        self.request = request
        self.request_id = request_id
        self.caller: Caller | None = None
        self._once: Once | None = None

    @property
    def project_id(self) -> str:
        """The project that the caller acts for; a public route has none."""
        assert self.caller is not None
        return self.caller.project_id

    @property
    def is_admin(self) -> bool:
        """Whether the caller may see traces of errors."""
        return self.caller is not None and permits(self.caller.scopes, Scope.ADMIN)

    @property
    def engine(self) -> Engine:
        """The process's engine; a request that never asks for it does not import SQLAlchemy."""
        from chalicelib.db.engine import get_engine

        return get_engine()

    @property
    def caller_id(self) -> str:
        """The id of the caller's token."""
        assert self.caller is not None
        return self.caller.token_id

    @property
    def seen_at(self) -> datetime:
        """The moment at which the caller's token was looked up, by the database's clock."""
        assert self.caller is not None
        return self.caller.seen_at

    def once(self, body: msgspec.Struct | None = None) -> Once | None:
        """The Idempotency-Key of this request, if it has one. Raises ApiError.

        `body`: what was read of the body, so that spaces and order in it do not matter; None
        for a route that takes none.
        """
        key = self.request.headers.get("idempotency-key")
        if key is None:
            return None
        if _KEY.fullmatch(key := key.strip()) is None:
            raise ApiError("Idempotency-Key must have 1 to 255 printable ASCII characters.")
        from chalicelib.services.idempotency import Once

        said = msgspec.json.encode(
            (self.request.method, self.request.path, body), order="deterministic"
        )
        self._once = Once(self.project_id, key, hashlib.sha256(said).hexdigest())
        return self._once

    @property
    def is_replay(self) -> bool:
        """Whether the answer is about what an earlier request with the same key made."""
        return self._once is not None and self._once.is_replay

    def unchanged(self, view: Callable[[Any], msgspec.Struct]) -> Callable[[Any], None] | None:
        """What If-Match asks of the row that is about to be changed; None if there is none.

        `view`: makes of the row what a GET answers with. What is returned raises
        PreconditionFailed.
        """
        wanted = self.request.headers.get("if-match")
        if wanted is None:
            return None
        from chalicelib.api.headers import is_among, make_etag

        def check(row: Any) -> None:
            if not is_among(make_etag(jsontext.encode(view(row))), wanted):
                raise PreconditionFailed

        return check

    def first(self, rows: Sequence[Any]) -> Any:
        """What a repeated request made; it may have been cleaned away since."""
        if not rows:
            raise NotFound("What this Idempotency-Key made is no longer there.")
        return rows[0]

    def cut(self, rows: Sequence[Any], limit: int) -> tuple[Sequence[Any], str | None]:
        """A page, and where the next one begins: None if `rows` are no more than `limit`."""
        return rows[:limit], rows[limit - 1].id if len(rows) > limit else None

    def next_link(self, after: str | None) -> str | None:
        """The header Link to the next page of this list (RFC 8288); None on the last one."""
        if after is None:
            return None
        given: Mapping[str, str] = self.request.query_params or {}
        query = urlencode({**{name: given[name] for name in given}, "after": after})
        return f'<{self._base()}{self.request.path}?{query}>; rel="next"'

    def location(self, path: str, *names: str) -> str:
        """`path`, then `names`, as a client must ask for it: behind the stage or base path."""
        return "/".join([self._base() + path, *(quote(name, safe="") for name in names)])

    def _base(self) -> str:
        """What API Gateway puts before our paths: its stage, or the path of a domain."""
        asked = str(self.request.context.get("path") or self.request.path).rstrip("/")
        return "/".join(asked.split("/")[: -self.request.path.count("/")])
