"""The schemas of the OpenAPI document, in the words that generators of clients understand best."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, get_args

import msgspec

from chalicelib.api.field_notes import describe_fields, with_parts

Kinds = Iterable[type[msgspec.Struct]]

REF = "#/components/schemas/{name}"


def make_schemas(sent: Kinds, answered: Kinds) -> dict[str, dict[str, Any]]:
    """Schemas by the names of structs. `sent`: by clients, in bodies and queries."""
    sent = set(sent)
    kinds = sorted({*sent, *answered}, key=lambda kind: kind.__name__)
    _, components = msgspec.json.schema_components(kinds, ref_template=REF)
    for schema in components.values():
        _translate(schema)
    describe_fields(components, kinds)
    parts_sent = with_parts(sent)
    for kind in with_parts(kinds):
        schema = components[kind.__name__]
        _mark_times(schema, kind)
        if kind in parts_sent:
            continue
        if not kind.__struct_config__.omit_defaults:  # then it is always there
            schema["required"] = [*schema["properties"]]
    return components


def word_defaults(schema: dict[str, Any]) -> None:
    """Say what a field is if it is left out in words alone.

    Of a field with a `default` generators (openapi-typescript) make one that must be sent.
    """
    for described in schema.get("properties", {}).values():
        default = described.pop("default", None)
        if default not in (None, [], {}):
            text = described.get("description", "").removesuffix(".")
            begin = f"{text}; default" if text else "Default"
            described["description"] = f"{begin}: {json.dumps(default)}."


def _mark_times(schema: dict[str, Any], kind: type[msgspec.Struct]) -> None:
    """Name the format of times, which msgspec does only where it asks for an offset."""
    for field in msgspec.structs.fields(kind):
        if datetime not in (field.type, *get_args(field.type)):
            continue
        described = schema["properties"][field.encode_name]
        for each in described.get("anyOf", [described]):
            if each.get("type") == "string":
                each["format"] = "date-time"


def _translate(schema: Any) -> None:
    """What msgspec says, as JSON Schema has it: regular expressions are those of ECMA-262."""
    if isinstance(schema, dict):
        if schema.get("default", ...) is None and "anyOf" not in schema:
            del schema["default"]  # a field that may be left out, and not be null
        if schema.get("type") == "object" and "properties" not in schema:
            schema.setdefault("additionalProperties", True)  # that any are welcome
        for name, value in schema.items():
            if name == "pattern" and isinstance(value, str):
                schema[name] = value.replace(r"\Z", "$")
            else:
                _translate(value)
    elif isinstance(schema, list):
        for part in schema:
            _translate(part)
