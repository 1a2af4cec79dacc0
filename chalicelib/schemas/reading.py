"""Reads what a request says: strict, and every problem with the place that it is at."""

from __future__ import annotations

import enum
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, NoReturn, TypeVar, Union, get_args, get_origin

import msgspec

from chalicelib.errors import InvalidFields, InvalidQuery, MalformedBody

T = TypeVar("T", bound=msgspec.Struct)
#: Names and indexes that lead from the whole to one place in it.
Place = tuple[str | int, ...]
Problem = tuple[Place, str]

#: Problems told in one answer.
_MOST_PROBLEMS = 50


def read_body(raw: bytes, kind: type[T]) -> T:
    """The JSON in `raw` as a struct.

    Raises:
        MalformedBody: it is not JSON (RFC 8259) in UTF-8.
        InvalidFields: it is not what `kind` says; names the places by JSON pointers.
    """
    try:
        value = _parse(raw)
        problems = _find_problems(value, kind, strict=True)
    except RecursionError as error:
        raise MalformedBody("The body is nested too deeply.") from error
    if problems:
        raise InvalidFields([(to_pointer(place), detail) for place, detail in problems])
    return msgspec.convert(value, kind)


def read_query(parameters: Mapping[str, Sequence[str]], kind: type[T]) -> T:
    """The parameters of a query as a struct. Raises InvalidQuery, which names each bad one."""
    values = {name: texts[-1] for name, texts in parameters.items() if texts}
    problems = _find_problems(values, kind, strict=False)
    problems += [
        ((name,), "Expected to be given once.")
        for name, texts in parameters.items()
        if len(texts) > 1
    ]
    if problems:
        raise InvalidQuery([(str(place[0]), detail) for place, detail in problems])
    return msgspec.convert(values, kind, strict=False)


def to_pointer(place: Place) -> str:
    """A place as a JSON pointer (RFC 6901)."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in place)


def _parse(raw: bytes) -> Any:
    try:
        return json.loads(
            raw.decode("utf-8"), object_pairs_hook=_unique, parse_constant=_refuse_constant
        )
    except UnicodeDecodeError as error:
        raise MalformedBody("The body is not valid UTF-8.") from error
    except json.JSONDecodeError as error:
        raise MalformedBody(f"The body is not valid JSON: {error}.") from error
    except ValueError as error:  # the one other: a number of more than 4300 digits
        raise MalformedBody("The body holds a number that is too long.") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise MalformedBody(f"The name {name!a} occurs twice in one object.")
        found[name] = value
    return found


def _refuse_constant(text: str) -> NoReturn:
    raise MalformedBody(f"The body is not valid JSON: {text} is no number there.")


def _find_problems(value: Any, kind: Any, *, strict: bool) -> list[Problem]:
    def check(value: Any, kind: Any) -> str | None:
        try:
            msgspec.convert(value, kind, strict=strict)
        except msgspec.ValidationError as error:
            return _tell(kind, error)
        return None

    # These first: msgspec cannot take them everywhere.
    lone = list(islice(_lone_surrogates(value, ()), _MOST_PROBLEMS))
    return lone or list(islice(_problems(value, kind, (), check), _MOST_PROBLEMS))


def _lone_surrogates(value: Any, place: Place) -> Iterator[Problem]:
    if isinstance(value, str):
        if any("\ud800" <= character <= "\udfff" for character in value):
            yield place, "Expected text without lone surrogates (half of a character of UTF-16)."
    elif isinstance(value, dict):
        for name, item in value.items():
            yield from _lone_surrogates(name, (*place, name))
            yield from _lone_surrogates(item, (*place, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _lone_surrogates(item, (*place, index))


def _problems(
    value: Any, kind: Any, place: Place, check: Callable[[Any, Any], str | None]
) -> Iterator[Problem]:
    """What is wrong with the parts of `value`; with the whole, if its parts are right.

    msgspec tells the first problem alone, and of an object's keys not which.
    """
    told = check(value, kind)
    if told is None:
        return
    are_parts_right = True
    for problem in _problems_of_parts(value, _bare(kind), place, check):
        are_parts_right = False
        yield problem
    if are_parts_right:
        yield place, told


def _problems_of_parts(
    value: Any, kind: Any, place: Place, check: Callable[[Any, Any], str | None]
) -> Iterator[Problem]:
    if isinstance(value, dict) and isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        for name in value.keys() | fields.keys():
            yield from _problems_of_field(name, value, fields.get(name), place, check)
    elif isinstance(value, dict) and get_origin(kind) is dict:
        key_kind, item_kind = get_args(kind)
        for name, item in value.items():
            if told := check(name, key_kind):
                yield (*place, name), told
            yield from _problems(item, item_kind, (*place, name), check)
    elif isinstance(value, list) and get_origin(kind) is list:
        for index, item in enumerate(value):
            yield from _problems(item, get_args(kind)[0], (*place, index), check)
