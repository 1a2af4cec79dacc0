"""Reads bodies and queries of requests into structs, strictly."""

from __future__ import annotations

import codecs
import json
from collections.abc import Mapping, Sequence
from typing import Any, NoReturn, TypeVar

import msgspec

from chalicelib.errors import InvalidFields, InvalidQuery, MalformedBody
from chalicelib.schemas.checking import find_problems, fit, to_pointer

T = TypeVar("T", bound=msgspec.Struct)


def read_body(raw: bytes, kind: type[T]) -> T:
    """The JSON in `raw` as a struct.

    Raises:
        MalformedBody: it is not JSON (RFC 8259) in UTF-8, or a name occurs twice in an object.
        InvalidFields: it is not what `kind` says; names the places by JSON pointers.
    """
    try:
        value, problems = fit(_parse(raw), kind)
    except RecursionError as error:
        raise MalformedBody("The body is nested too deeply.") from error
    if problems:
        raise InvalidFields([(to_pointer(place), told) for place, told in problems])
    return msgspec.convert(value, kind)


def read_query(parameters: Mapping[str, Sequence[str]], kind: type[T]) -> T:
    """The parameters of a query as a struct. Raises InvalidQuery, which names each bad one."""
    values = {name: texts[-1] for name, texts in parameters.items() if texts}
    problems = [(str(place[0]), told) for place, told in find_problems(values, kind, strict=False)]
    for name, texts in parameters.items():
        if len(texts) > 1:
            problems.append((name, "Expected to be given once."))
    if problems:
        raise InvalidQuery(problems)
    found = msgspec.convert(values, kind, strict=False)
    # To msgspec the text "null" is None; a parameter is left out instead.
    if nulls := {name: "" for name in values if getattr(found, name) is None}:
        told = find_problems(values | nulls, kind, strict=False)
        raise InvalidQuery([(str(place[0]), text) for place, text in told])
    return found


def _parse(raw: bytes) -> Any:
    """The value of a JSON text; by Python's own parser, which sees each name of an object."""
    if raw.startswith(codecs.BOM_UTF8):
        raise MalformedBody("The body begins with a byte order mark: send it without one.")
    try:
        return json.loads(
            raw.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse_constant
        )
    except UnicodeDecodeError as error:
        raise MalformedBody("The body is not valid UTF-8.") from error
    except json.JSONDecodeError as error:
        raise MalformedBody(f"The body is not valid JSON: {error}.") from error
    except ValueError as error:  # the one other that there is: a number of over 4300 digits
        raise MalformedBody("The body holds a number that is too long.") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise MalformedBody("The body holds an object in which a name occurs twice.")
    return found


def _refuse_constant(text: str) -> NoReturn:
    raise MalformedBody(f"The body is not valid JSON: {text} is no number there.")
