"""How files look: short, described, and named for what is in them."""

from __future__ import annotations

import ast
from functools import lru_cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 60
# A migration is as long as what it makes.
MIGRATIONS = ROOT / "chalicelib/db/migrations/versions"
FORBIDDEN_NAMES = {"models.py", "utils.py", "helpers.py", "common.py"}
FILES = sorted(
    path
    for top in ("app.py", "chalicelib", "worker", "infra", "tests")
    for path in ([ROOT / top] if top.endswith(".py") else (ROOT / top).rglob("*.py"))
    if path.exists() and path.parent != MIGRATIONS
)


@lru_cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def relative(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_file_is_short_described_and_well_named(path: Path) -> None:
    assert path.name not in FORBIDDEN_NAMES, "name it for what is in it"
    lines = path.read_text(encoding="utf-8").count("\n")
    assert lines <= MAX_FILE_LINES, f"{lines} lines: what are its two jobs?"
    assert ast.get_docstring(parse(path)), "no docstring: what is this file's one job?"


@pytest.mark.parametrize("path", FILES, ids=relative)
def test_functions_are_short(path: Path) -> None:
    lengths = {
        node.name: (node.end_lineno or 0) - node.lineno + 1
        for node in ast.walk(parse(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: n for name, n in lengths.items() if n > MAX_FUNCTION_LINES} == {}
