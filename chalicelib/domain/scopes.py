"""What a token permits: each scope includes those before it."""

from __future__ import annotations

from enum import StrEnum


class Scope(StrEnum):
    """How much a token may do in its project."""

    #: Look at everything of the project.
    READ = "read"
    #: Also make, change and cancel.
    WRITE = "write"
    #: Also see traces of errors, and take over what exists upstream.
    ADMIN = "admin"


_ORDER = tuple(Scope)


def permits(held: list[str], needed: Scope) -> bool:
    """Whether one of the scopes held is the one needed or above it."""
    return any(scope in held for scope in _ORDER[_ORDER.index(needed) :])
