"""Fields that requests for several nouns have, with their limits."""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from msgspec import Meta, Struct

from chalicelib.domain.records import ProvisioningStatus

# Patterns end in \Z, because $ also fits before a line break.
NO_CONTROLS = r"^[^\x00-\x1f\x7f-\x9f]*\Z"
#: Keys that AWS, this system or Celery's JSON give a meaning of their own.
#: Spelt out in both cases: JSON Schema's regular expressions have no flags.
_RESERVED = r"(?:(?:[aA][wW][sS]|[bB][eE][lL][lL][pP][uU][lL][lL]):|Name\Z|__)"

Name = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=255,
        pattern=NO_CONTROLS,
        description="a name of 1 to 255 characters, none of them a control character",
    ),
]
UpstreamId = Annotated[
    str,
    Meta(pattern=r"^[\x21-\x7e]{1,255}\Z", description="1 to 255 printable ASCII characters"),
]
ResourceId = Annotated[
    str,
    Meta(pattern=r"^[\x21-\x7e]{1,64}\Z", description="1 to 64 printable ASCII characters"),
]
SecurityGroupIds = Annotated[
    list[ResourceId], Meta(max_length=16, description="a list of at most 16 security group ids")
]
TagKey = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=128,
        pattern=f"^(?!{_RESERVED}){NO_CONTROLS[1:]}",
        description="a key of 1 to 128 characters, not Name, that does not begin with aws:, "
        "bellpull: or __",
    ),
]
TagValue = Annotated[
    str,
    Meta(max_length=256, pattern=NO_CONTROLS, description="a text of at most 256 characters"),
]
Tags = Annotated[
    dict[TagKey, TagValue], Meta(max_length=50, description="an object of at most 50 tags")
]

S = TypeVar("S", bound=Struct)

#: A field that was left out of a change. To send null is not the same, and refused: it
#: would be taken for "remove".
LEFT_OUT: Any = None


class AddedResource(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of a request that adds what exists upstream."""

    upstream_id: UpstreamId


class Page(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Query of a request that lists something, newest first."""

    limit: Annotated[int, Meta(ge=1, le=100, description="a number from 1 to 100")] = 50
    #: `next` of the page before.
    after: (
        Annotated[str, Meta(pattern=r"^[0-9a-f-]{36}\Z", description="the id of the last one")]
        | None
    ) = None


class ResourcePage(Page, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Query of a request that lists what is made upstream."""

    provisioning_status: ProvisioningStatus | None = None


def require_a_change(wanted: Struct) -> None:
    """Raise ValueError if a change names no field."""
    if all(getattr(wanted, name) is None for name in wanted.__struct_fields__):
        raise ValueError("Expected at least one field to change.")


def narrow(body: Struct, kind: type[S]) -> S:
    """What a body says of a struct that it extends, without what it says besides."""
    return kind(**{name: getattr(body, name) for name in kind.__struct_fields__})
