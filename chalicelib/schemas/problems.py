"""What an answer says of an error: problem+json (RFC 9457), described in docs/problems.md."""

from __future__ import annotations

from msgspec import Struct


class BadPlace(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One place in a request that is wrong."""

    detail: str
    #: JSON Pointer into the body, as a URI fragment (RFC 6901).
    pointer: str | None = None
    #: Name of a parameter of the query.
    parameter: str | None = None


class Problem(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Why a request was not answered as it hoped."""

    #: Name of the kind of problem; match on it.
    type: str
    #: The same for each problem of this type.
    title: str
    status: int
    #: About this one.
    detail: str
    errors: list[BadPlace] = []
