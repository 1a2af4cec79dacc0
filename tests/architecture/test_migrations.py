"""Migrations are numbered, in one line, and tell in their names what they do."""

from __future__ import annotations

import ast
import re
from pathlib import Path

from alembic.script import ScriptDirectory

from chalicelib.db.migrate import alembic_config, head_revision

FOLDER = Path(__file__).parents[2] / "chalicelib/db/migrations/versions"
NAME = re.compile(r"(\d{4})_[a-z]+(_[a-z0-9]+)+\.py")
FILES = sorted(path for path in FOLDER.glob("*.py") if path.name != "__init__.py")


def read_constants(path: Path) -> dict[str, object]:
    """The names that a module assigns constants to."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return {
        target.id: node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
        for target in node.targets
        if isinstance(target, ast.Name)
    }


def test_files_are_named_number_verb_noun() -> None:
    assert [path.name for path in FILES if not NAME.fullmatch(path.name)] == []


def test_numbers_follow_each_other_without_a_gap() -> None:
    assert [int(path.name[:4]) for path in FILES] == list(range(1, len(FILES) + 1))


def test_each_migration_follows_the_one_before() -> None:
    before = None
    for path in FILES:
        constants = read_constants(path)
        assert constants["revision"] == path.name[:4]
        assert constants["down_revision"] == before
        before = constants["revision"]


def test_there_is_one_head_and_it_is_the_last_file() -> None:
    assert ScriptDirectory.from_config(alembic_config()).get_heads() == [head_revision()]
    assert head_revision() == FILES[-1].name[:4]


def test_tables_that_migrations_make_say_how_mysql_keeps_them() -> None:
    for path in FILES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "op.create_table":
                options = [ast.unparse(word.value) for word in node.keywords if word.arg is None]
                assert options == ["TABLE_OPTIONS"], f"{path.name}, line {node.lineno}"
