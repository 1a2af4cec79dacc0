"""Names and tags by which load balancers are found again at AWS."""

from __future__ import annotations

import base64
import hashlib
import uuid

from worker.upstream.errors import UpstreamRejected

NAME_TAG = "Name"
RESERVED_PREFIX = "bellpull:"
TOKEN_TAG = RESERVED_PREFIX + "token"


def derive_name(token: str) -> str:
    """Return the load balancer name for a token, always the same: at most 32 characters.

    AWS keeps names unique in an account and region, which is what makes creation safe to
    repeat. A token that is a UUID can be read back out of its name; others are hashed.
    """
    encoded = base64.b32encode(_sixteen_bytes(token)).decode().rstrip("=").lower()
    return f"bp-{encoded}"


def _sixteen_bytes(token: str) -> bytes:
    try:
        parsed = uuid.UUID(token)
    except ValueError:
        parsed = None
    # Only the usual spelling: two tokens that spell one UUID differently stay two tokens.
    if parsed and str(parsed) == token:
        return parsed.bytes
    return hashlib.sha256(token.encode()).digest()[:16]


def refuse_reserved(tags: dict[str, str]) -> None:
    """Raise UpstreamRejected if a user's tag is one that Bellpull sets itself."""
    for key in tags:
        if key == NAME_TAG or key.startswith(RESERVED_PREFIX):
            raise UpstreamRejected(
                f"The tag {key!r} is set by Bellpull: {NAME_TAG!r} holds the load balancer's name,"
                f" and {RESERVED_PREFIX!r} is reserved."
            )


def select_user_tags(tags: dict[str, str]) -> dict[str, str]:
    """Leave out what Bellpull and AWS itself set: users can neither see nor change that."""
    return {
        key: value
        for key, value in tags.items()
        if key != NAME_TAG and not key.startswith((RESERVED_PREFIX, "aws:"))
    }


def to_tag_list(tags: dict[str, str]) -> list[dict[str, str]]:
    """Return tags in the shape that AWS's requests have."""
    return [{"Key": key, "Value": value} for key, value in tags.items()]
