"""What an answer says of the one who asks."""

from __future__ import annotations

from chalicelib.schemas.views import View


class CallerView(View, frozen=True, kw_only=True):
    """Who shows this token."""

    project_id: str
    token_id: str
    #: read, write, admin: each permits what those before it permit.
    scopes: list[str]
