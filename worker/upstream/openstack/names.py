"""Tags at Octavia, which are plain strings: ours, and the user's pairs as key=value."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import unquote

from worker.upstream.errors import UpstreamRejected

_RESERVED_PREFIX = "bellpull:"
#: Characters of one tag at Octavia.
_MOST_CHARACTERS = 255


def token_tag(token: str) -> str:
    """The tag by which what was made with a token is found again."""
    return f"{_RESERVED_PREFIX}token={token}"


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
    encoded = []
    for key, value in tags.items():
        if key.startswith(_RESERVED_PREFIX):
            raise UpstreamRejected(f"The tag {key!r} is reserved: Bellpull sets such tags itself.")
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
