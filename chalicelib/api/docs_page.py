"""The page at /docs: the OpenAPI document as HTML, without a script and without the internet."""

from __future__ import annotations

import base64
import hashlib
import json
from html import escape
from typing import Any

_STYLE = """
:root{color-scheme:light dark;--line:#8884;--dim:#777}
body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
h2{margin-top:2.5rem;border-bottom:1px solid var(--line);text-transform:capitalize}
code,pre{font:.875rem/1.5 ui-monospace,monospace}
pre{padding:.75rem;border:1px solid var(--line);border-radius:.375rem;overflow-x:auto}
details{border:1px solid var(--line);border-radius:.375rem;margin:.5rem 0;padding:.5rem .75rem}
summary{cursor:pointer}
summary b{display:inline-block;min-width:4.5rem;font-family:ui-monospace,monospace}
summary span,.dim{color:var(--dim)}
.get{color:#2a7}.post{color:#27c}.put{color:#b70}.delete{color:#c33}
table{border-collapse:collapse;width:100%;margin:.5rem 0}
td{vertical-align:top;padding:.25rem .75rem .25rem 0;border-bottom:1px solid var(--line)}
"""

_DIGEST = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
#: Nothing may be loaded or run but the style above.
CSP = f"default-src 'none'; style-src 'sha256-{_DIGEST}'; frame-ancestors 'none'; base-uri 'none'"


def render_page(document: dict[str, Any], base: str) -> str:
    """The page. `base`: where the paths begin, empty at the root of a host."""
    info, parts = document["info"], []
    for tag in document["tags"]:
        parts.append(f"<h2>{escape(tag['name'])}</h2>")
        for path, methods in document["paths"].items():
            for method, operation in methods.items():
                if tag["name"] in operation["tags"]:
                    parts.append(_operation(document, method, base + path, operation))
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(info["title"])} API'
        '</title><meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<style>{_STYLE}</style><h1>{escape(info['title'])} API</h1>"
        f"<p>{escape(info['description'])}</p>"
        "<p>Send a token as <code>X-Auth-Token</code> or <code>Authorization: Bearer</code>. "
        f'The same for programs: <a href="{escape(base)}/openapi.json">openapi.json</a>.</p>'
        f"{''.join(parts)}</html>"
    )


def _operation(document: dict[str, Any], method: str, path: str, operation: dict[str, Any]) -> str:
    inside = [f"<p>{escape(operation.get('description', 'Needs no token.'))}</p>"]
    if operation["parameters"]:
        rows = [
            _row(f"{one['name']}", one["in"], _kind(one["schema"]), one.get("description", ""))
            for one in operation["parameters"]
        ]
        inside.append(f"<table>{''.join(rows)}</table>")
    if body := operation.get("requestBody"):
        content = body["content"]["application/json"]
        inside.append("<p>Body:</p>" + _fields(document, content["schema"]))
        if "example" in content:
            shown = json.dumps(content["example"], indent=2, ensure_ascii=False)
            inside.append(f"<pre>{escape(shown)}</pre>")
    for status, answer in operation["responses"].items():
        inside.append(
            f"<p><code>{status}</code> <span class=dim>{escape(answer['description'])}</span></p>"
        )
        for kind, content in answer.get("content", {}).items():
            if kind == "application/json":
                inside.append(_fields(document, content["schema"]))
    return (
        f'<details id="{escape(operation["operationId"])}"><summary><b class={method}>'
        f"{method.upper()}</b> <code>{escape(path)}</code> "
        f"<span>{escape(operation['summary'])}</span></summary>{''.join(inside)}</details>"
    )


def _fields(document: dict[str, Any], schema: dict[str, Any]) -> str:
    if name := _name(schema):
        schema = document["components"]["schemas"][name]
    required = set(schema.get("required", []))
    rows = [
        _row(name, "required" if name in required else "", _kind(one), one.get("description", ""))
        for name, one in schema.get("properties", {}).items()
    ]
    return f"<table>{''.join(rows)}</table>"


def _row(name: str, note: str, kind: str, text: str) -> str:
    return (
        f"<tr><td><code>{escape(name)}</code> <span class=dim>{escape(note)}</span>"
        f"<td>{escape(kind)}<td>{escape(text)}"
    )


def _kind(schema: dict[str, Any]) -> str:
    """A type in words."""
    if name := _name(schema):
        return name
    if "anyOf" in schema:
        return " or ".join(_kind(each) for each in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(map(str, schema["enum"]))
    if schema.get("type") == "array":
        return f"list of {_kind(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "any")


def _name(schema: dict[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]
