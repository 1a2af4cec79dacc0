"""One request on its way through the API, and what is known about it."""

from __future__ import annotations

from contextvars import ContextVar
from typing import TYPE_CHECKING

from chalice.app import Request

from chalicelib.domain.scopes import Scope, permits

if TYPE_CHECKING:
    from sqlalchemy import Engine

    from chalicelib.services.tokens import Caller

#: Chalice keeps its current request on the application, where threads would share it.
current_call: ContextVar[Call] = ContextVar("current_call")


class Call:
    """A request, its id, and its caller once that one is known."""

    def __init__(self, request: Request, request_id: str) -> None:
        self.request = request
        self.request_id = request_id
        self.caller: Caller | None = None

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

    def location(self, path: str) -> str:
        """`path` as a client must ask for it: behind the stage or base path of API Gateway."""
        asked = str(self.request.context.get("path") or self.request.path).rstrip("/")
        return "/".join(asked.split("/")[: -self.request.path.count("/")]) + path
