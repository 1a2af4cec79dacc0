"""What a request may say of a token, and what an answer does say."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct

from chalicelib.domain.scopes import Scope
from chalicelib.schemas.fields import Name
from chalicelib.schemas.views import View

_YEAR_SECONDS = 31_622_400


class NewToken(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of a request that makes one, for the project of the token that it is sent with."""

    scope: Scope
    name: Name | None = None
    #: Seconds until it is worth nothing; it has no end if this is left out.
    expires_in_seconds: (
        Annotated[
            int,
            Meta(
                ge=60, le=10 * _YEAR_SECONDS, description="a number of seconds from 60 to ten years"
            ),
        ]
        | None
    ) = None


class RotatedToken(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of a request that replaces one."""

    #: Seconds that the old one still works.
    overlap_seconds: Annotated[
        int, Meta(ge=0, le=2_592_000, description="a number of seconds from 0 to 30 days")
    ] = 0


class TokenView(View, frozen=True, kw_only=True):
    """One token in an answer, without the token itself."""

    id: str
    name: str | None
    scopes: list[str]
    created_at: datetime
    expires_at: datetime | None
    #: Within a minute.
    last_used_at: datetime | None
    revoked_at: datetime | None


class TokenWithSecret(TokenView, frozen=True, kw_only=True):
    """A token that was just made; only this answer shows it itself."""

    token: str


class TokensAnswer(Struct, frozen=True):
    """Answer with one page of the project's tokens, newest first."""

    tokens: list[TokenView]
    next: str | None


class AuditView(View, frozen=True, kw_only=True):
    """One thing that somebody did."""

    id: str
    created_at: datetime
    #: Whose request it was; null: an operator's command.
    token_id: str | None
    request_id: str | None
    #: Noun and verb, such as jobs.cancel.
    action: str
    #: Id of what it was done to.
    target: str | None
    details: dict[str, Any] | None


class AuditAnswer(Struct, frozen=True):
    """Answer with one page of the audit, newest first."""

    entries: list[AuditView]
    #: What `after` has to be for the next page; null on the last one.
    next: str | None
