"""What the comments `#:` above the fields of structs say, as descriptions of their schemas."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable
from typing import Any

import msgspec

_NOTED_FIELD = re.compile(r"((?:^ {4}#: .*\n)+) {4}(\w+):", re.MULTILINE)


def describe_fields(components: dict[str, Any], kinds: Iterable[type[msgspec.Struct]]) -> None:
    """Write the notes into schemas. `components`: by the names of the structs."""
    known = {kind.__name__: kind for kind in with_parts(kinds)}
    for name, schema in components.items():
        if name not in known:
            continue
        notes = _read_notes(known[name])
        for field, described in schema.get("properties", {}).items():
            if field in notes:
                described["description"] = notes[field]


def _read_notes(kind: type[msgspec.Struct]) -> dict[str, str]:
    """The note of each field that has one, also of those that are inherited."""
    notes: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if not (issubclass(base, msgspec.Struct) and base.__module__.startswith("chalicelib.")):
            continue
        for block, field in _NOTED_FIELD.findall(inspect.getsource(base)):
            lines = [line.strip().removeprefix("#:").strip() for line in block.splitlines()]
            notes[field] = " ".join(lines)
    return notes


def with_parts(kinds: Iterable[type[msgspec.Struct]]) -> set[type[msgspec.Struct]]:
    """The structs, and those that are parts of them."""
    found: set[type[msgspec.Struct]] = set()
    waiting: list[Any] = list(kinds)
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
            if kind in found:
                continue
            found.add(kind)
            waiting += [field.type for field in msgspec.structs.fields(kind)]
        else:
            waiting += getattr(kind, "__args__", ())
            if hasattr(kind, "__origin__") and hasattr(kind, "__metadata__"):
                waiting.append(kind.__origin__)
    return found
