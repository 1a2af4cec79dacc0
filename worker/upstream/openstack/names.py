"""Tags at OpenStack's services, ours and the user's, and ids that may become part of a URL.

Octavia's tags are plain strings, the user's pairs are key=value there. Nova has pairs, too,
called metadata, which are the user's; by the token it finds only what is a tag.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterable
from urllib.parse import unquote

from worker.upstream.errors import UpstreamRejected

_RESERVED_PREFIX = "bellpull:"
#: Characters of one tag at Octavia.
_MOST_CHARACTERS = 255
#: Characters of one tag at Nova, which must not have commas and slashes.
_MOST_AT_NOVA = 60


def token_tag(token: str) -> str:
    """The tag by which what was made with a token is found again."""
    return f"{_RESERVED_PREFIX}token={token}"


def server_token_tag(token: str) -> str:
    """The same at Nova: short, and of plain characters."""
    tag = token_tag(token)
    if len(tag) <= _MOST_AT_NOVA and "," not in tag and "/" not in tag:
        return tag
    return f"{_RESERVED_PREFIX}{hashlib.sha256(token.encode()).hexdigest()[:40]}"


def is_uuid(text: str) -> bool:
    """Whether a text can only be an id."""
    try:
        return str(uuid.UUID(text)) == text.lower()
    except ValueError:
        return False


def refuse_reserved(tags: dict[str, str]) -> None:
    """Raise UpstreamRejected if a user's tag is one of those that Bellpull sets itself."""
    for key in tags:
        if key.startswith(_RESERVED_PREFIX):
            raise UpstreamRejected(f"The tag {key!r} is reserved: Bellpull sets such tags itself.")


def type_tag(type_: str) -> str:
    """The tag that keeps what kind of load balancer was asked for; Octavia has one kind."""
    return f"{_RESERVED_PREFIX}type={type_}"


def read_type(tags: Iterable[str]) -> str:
    """The kind that was asked for; network, where nobody was asked."""
    return "application" if type_tag("application") in tags else "network"


def encode_tags(tags: dict[str, str]) -> list[str]:
    """The user's tags as Octavia keeps them.

    Raises UpstreamRejected for one that is reserved or too long.
    """
    refuse_reserved(tags)
    encoded = []
    for key, value in tags.items():
        tag = f"{key.replace('%', '%25').replace('=', '%3D')}={value}"
        if len(tag) > _MOST_CHARACTERS:
            raise UpstreamRejected(
                f"The tag {key!r} is too long: key and value can have "
                f"{_MOST_CHARACTERS - 1} characters together at Octavia."
            )
        encoded.append(tag)
    return encoded


def decode_tags(tags: Iterable[str]) -> dict[str, str]:
    """The user's tags; a tag of somebody else that is no pair is a key without value."""
    pairs = (tag.partition("=") for tag in tags if not tag.startswith(_RESERVED_PREFIX))
    return {unquote(key): value for key, _, value in pairs}


def reserved_tags(tags: Iterable[str]) -> list[str]:
    """The tags that Bellpull itself has set."""
    return [tag for tag in tags if tag.startswith(_RESERVED_PREFIX)]
