"""Finds what is wrong with a value, and where: every place at once, not the first alone."""

from __future__ import annotations

import enum
import math
from collections.abc import Iterator
from itertools import chain, islice
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

#: Names and indexes that lead from the whole to one place in it.
Place = tuple[str | int, ...]
#: A place, and a sentence on what is wrong there.
Problem = tuple[Place, str]

#: Problems told at most; a body can hold tens of thousands.
MOST_PROBLEMS = 50
#: Objects and lists within each other.
MAX_DEPTH = 64

#: Below it a double holds every integer as it is.
_EXACT = 2**53

_MISSING = object()
_UNKNOWN = object()


def find_problems(value: Any, kind: Any, *, strict: bool = True) -> list[Problem]:
    """Why `value` (of dicts, lists and scalars) is not of a type; empty if it is.

    `strict`: as msgspec's, False reads numbers from text.
    """
    # These first, because msgspec cannot take them everywhere.
    unsayable = list(islice(_unsayable(value, ()), MOST_PROBLEMS))
    return unsayable or list(islice(_misfits(value, kind, (), strict), MOST_PROBLEMS))


def fit(value: Any, kind: Any) -> tuple[Any, list[Problem]]:
    """`value` as a type has it, and why it is not of that type; empty if it is.

    16.0 becomes 16 where the type asks for an integer: JSON Schema knows no difference.
    https://json-schema.org/draft/2020-12/json-schema-core#section-4.2.3
    """
    problems = find_problems(value, kind)
    if problems:
        value = _with_integers(value, kind)
        problems = find_problems(value, kind)
    return value, problems


def to_pointer(place: Place) -> str:
    """A place as a JSON pointer (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in place)


def _with_integers(value: Any, kind: Any) -> Any:
    kind = _bare(kind)
    if kind is int and isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return int(value)
    parts = {
        step: _with_integers(part, part_kind)
        for step, part, part_kind in _parts(value, kind)
        if part is not _MISSING
    }
    if not parts:
        return value
    return list(parts.values()) if isinstance(value, list) else parts


def _unsayable(value: Any, place: Place) -> Iterator[Problem]:
    """Values that the way to a worker and back would change or not survive."""
    if isinstance(value, str):
        # Most text is ASCII, which needs no look at each character.
        if not value.isascii() and any("\ud800" <= character <= "\udfff" for character in value):
            yield place, "Expected text without lone surrogates (halves of UTF-16 characters)."
    elif isinstance(value, float):
        if not math.isfinite(value):
            yield place, "Expected a number that a double can hold."
    elif isinstance(value, dict | list):
        if len(place) >= MAX_DEPTH:
            yield place, f"Expected objects and lists to be nested at most {MAX_DEPTH} deep."
            return
        for step, part in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _unsayable(step, (*place, step))
            yield from _unsayable(part, (*place, step))


def _misfits(value: Any, kind: Any, place: Place, strict: bool) -> Iterator[Problem]:
    """What is wrong with the parts of `value`; with the whole only if each part is right.

    Part by part, because msgspec tells one problem, and not which of an object's names has it.
    """
    if value is _MISSING:
        yield place, "This field is required."
    elif kind is _UNKNOWN:
        yield place, "There is no such field."
    else:
        try:
            msgspec.convert(value, kind, strict=strict)
        except msgspec.ValidationError as error:
            of_parts = chain.from_iterable(
                _misfits(part, part_kind, (*place, step), strict)
                for step, part, part_kind in _parts(value, _bare(kind))
            )
            first = next(of_parts, (place, _explain(kind, error)))
            yield from chain([first], of_parts)


def _parts(value: Any, kind: Any) -> Iterator[tuple[str | int, Any, Any]]:
    if isinstance(value, dict) and isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        for name, part in value.items():
            yield name, part, fields[name].type if name in fields else _UNKNOWN
        for name, field in fields.items():
            if field.required and name not in value:
                yield name, _MISSING, field.type
    elif isinstance(value, dict) and get_origin(kind) is dict:
        name_kind, part_kind = get_args(kind)
        for name, part in value.items():
            yield name, name, name_kind
            yield name, part, part_kind
    elif isinstance(value, list) and get_origin(kind) is list:
        for index, part in enumerate(value):
            yield index, part, get_args(kind)[0]


def _bare(kind: Any) -> Any:
    """A type without what Annotated adds, and without its "or None"."""
    if get_origin(kind) is Annotated:
        return _bare(get_args(kind)[0])
    if get_origin(kind) in (Union, UnionType):
        return _bare(next(one for one in get_args(kind) if one is not NoneType))
    return kind


def _explain(kind: Any, error: msgspec.ValidationError) -> str:
    # What Annotated adds may be inside of "or None".
    for part in get_args(kind) if get_origin(kind) in (Union, UnionType) else (kind,):
        for note in getattr(part, "__metadata__", ()):
            if isinstance(note, msgspec.Meta) and note.description:
                return f"Expected {note.description}."
    bare = _bare(kind)
    if get_origin(bare) is Literal:
        return f"Expected one of {', '.join(get_args(bare))}."
    if isinstance(bare, enum.EnumMeta):
        return f"Expected one of {', '.join(map(str, bare))}."
    return str(error).partition(" - at ")[0].replace("`", "").removesuffix(".") + "."
