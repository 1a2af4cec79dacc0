"""How files look: short, described, and named for what is in them."""

from __future__ import annotations

import ast
from functools import lru_cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
MAX_FILE_LINES = 300
MAX_FUNCTION_LINES = 60
# A migration is as long as what it makes.
MIGRATIONS = ROOT / "chalicelib/db/migrations/versions"
FORBIDDEN_NAMES = {"models.py", "utils.py", "helpers.py", "common.py"}
FILES = sorted(
    path
    for top in ("app.py", "bellpull", "chalicelib", "worker", "infra", "tests")
    for path in ([ROOT / top] if top.endswith(".py") else (ROOT / top).rglob("*.py"))
    if path.exists() and path.parent != MIGRATIONS
)


@lru_cache
def parse(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def test_files_are_named_for_what_is_in_them() -> None:
    assert [path for path in FILES if path.name in FORBIDDEN_NAMES] == []


def test_files_are_short() -> None:
    lengths = {path: path.read_text(encoding="utf-8").count("\n") for path in FILES}
    assert {path: n for path, n in lengths.items() if n > MAX_FILE_LINES} == {}


def test_modules_say_what_their_job_is() -> None:
    assert [path for path in FILES if not ast.get_docstring(parse(path))] == []


def test_functions_are_short() -> None:
    lengths = {
        f"{path}:{node.lineno} {node.name}": (node.end_lineno or 0) - node.lineno + 1
        for path in FILES
        for node in ast.walk(parse(path))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    assert {name: n for name, n in lengths.items() if n > MAX_FUNCTION_LINES} == {}
