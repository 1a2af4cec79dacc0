"""What a Celery message must look like to be worked on, whoever sent it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec
from celery.exceptions import InvalidTaskError
from msgspec import Meta

from chalicelib.domain.ids import FOREIGN_ID

_Seconds = Annotated[float, Meta(ge=0)]


class _Headers(msgspec.Struct, frozen=True, kw_only=True):
    """The headers that Celery or this system acts on; others may be anything."""

    task: str
    id: Annotated[str, Meta(pattern=rf"^{FOREIGN_ID.pattern}\Z")]
    timelimit: tuple[_Seconds | None, _Seconds | None] | None = None
    expires: str | None = None
    eta: str | None = None
    retries: Annotated[int, Meta(ge=0)] | None = None
    project_id: Annotated[str, Meta(max_length=64)] | None = None
    shadow: str | None = None
    root_id: str | None = None
    parent_id: str | None = None
    stamped_headers: list[str] | None = None
    stamps: dict[str, Any] | None = None


class _Embed(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What Celery's canvas has run after the task; Celery takes each for a field of its request."""

    callbacks: list[Any] | None = None
    errbacks: list[Any] | None = None
    chain: list[Any] | None = None
    chord: dict[str, Any] | None = None


#: Celery pickles what it gives to a pool process, and runs out of stack at some hundreds of
#: levels: after it has taken a slot, which is then lost.
_DEEPEST = 100

_Body = tuple[list[Any], dict[str, Any], _Embed | None]


def looks_like_celery(payload: Any) -> bool:
    """Whether headers (protocol 2) or body (protocol 1) can name a task and an id."""
    return (
        isinstance(payload.get("properties"), dict)
        and isinstance(payload.get("headers"), dict)
        and isinstance(payload.get("body"), str)
    )


def require_sound(headers: dict[str, Any], body: Any) -> None:
    """Check types before anything acts on them.

    Celery would raise out of its event loop, and the worker would end.
    Raises InvalidTaskError, which says what is wrong where.
    """
    for part, what, kind in (("headers", headers, _Headers), ("body", body, _Body)):
        try:
            msgspec.convert(what, kind)
        except msgspec.ValidationError as error:
            raise InvalidTaskError(f"{part}: {error}") from error
        if _is_deeper(what, _DEEPEST):
            raise InvalidTaskError(f"{part}: nested deeper than {_DEEPEST} levels")


def _is_deeper(value: Any, levels: int) -> bool:
    """Whether lists and objects are nested beyond `levels`; without recursion."""
    row = [value]
    for _ in range(levels):
        row = [
            inner
            for one in row
            if isinstance(one, (dict, list, tuple))
            for inner in (one.values() if isinstance(one, dict) else one)
        ]
        if not row:
            return False
    return True


def parse_eta(eta: str | None) -> datetime | None:
    """The moment that a Celery ETA names; one without a zone is in UTC, as Celery sends it.

    Raises InvalidTaskError.
    """
    if eta is None:
        return None
    try:
        at = datetime.fromisoformat(eta)
        return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
    except (ValueError, OverflowError) as error:
        raise InvalidTaskError(f"headers: the ETA {eta!r} is no time") from error
