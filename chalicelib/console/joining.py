"""Joins the console's modules to one script: a visit asks for three files and not for forty.

Each request is a Lambda's, and forty at once are more than a young account or a reserved
concurrency permits. Modules stay modules in what is written, and none is built beforehand.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from graphlib import TopologicalSorter

_IMPORT = re.compile(r'^import (\{[^}]*\}) from "\./(\w+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|class) (\w+))", re.MULTILINE)
#: What browsers pass over: comments on lines of their own, and indentation.
_UNREAD = re.compile(r"^ *//[^\n]*\n|^/\*\*.*?\*/\n|^ +", re.MULTILINE | re.DOTALL)


def join_modules(modules: Mapping[str, str], entry: str) -> str:
    """One script of the module `entry` and all that it imports, each in a scope of its own.

    `modules`: texts by name, without ".js". They import by name, from beside them, export
    declarations, and no text of theirs has a line break in it; tests hold them to it. Raises
    graphlib.CycleError when they import in a circle.
    """
    needed: dict[str, list[str]] = {}
    wanted = [entry]
    while wanted:
        name = wanted.pop()
        if name not in needed:
            needed[name] = [found[2] for found in _IMPORT.finditer(modules[name])]
            wanted += needed[name]
    return "".join(_wrap(name, modules[name]) for name in TopologicalSorter(needed).static_order())


def _wrap(name: str, text: str) -> str:
    """A constant of what the module exports."""
    text = _UNREAD.sub("", text)
    body = _IMPORT.sub(lambda found: _destructure(found[1], found[2]), text)
    exported = ", ".join(_EXPORT.findall(body))
    body, answer = _EXPORT.sub("", body), f"return {{ {exported} }};"
    return f"const {name}_module = (() => {{\n{body}{answer}\n}})();\n"


def _destructure(names: str, module: str) -> str:
    return f"const {names.replace(' as ', ': ')} = {module}_module;\n"
