"""Imports go one way, and the Lambda imports only what the Lambda installs."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
FOR_CELERY_CLIENTS = "chalicelib.broker.celery_app"
# What `chalice package` puts into the zip by itself, and what runs in no request: migrations
# are run by the worker's command.
IN_THE_ZIP_ANYWAY = {"chalice"}
# Imported only where a deployment adds them and asks for spans.
OPTIONAL = {"opentelemetry"}
NOT_FOR_REQUESTS = ("chalicelib/db/migrate.py", "chalicelib/db/migrations/", "celery_app.py")


def module_level_imports(tree: ast.AST) -> Iterator[str]:
    """What importing the file imports: not what its functions import when called."""
    for node in ast.iter_child_nodes(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif not isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield from module_level_imports(node)


def test_imports_go_one_way() -> None:
    done = subprocess.run(
        [str(Path(sys.executable).parent / "lint-imports")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_no_request_waits_for_celery() -> None:
    for path in (ROOT / "chalicelib").rglob("*.py"):
        imported = module_level_imports(ast.parse(path.read_text(encoding="utf-8")))
        assert not [name for name in imported if name.startswith(FOR_CELERY_CLIENTS)], path


def test_lambda_imports_only_what_it_installs() -> None:
    pinned = re.findall(r"^([\w-]+)==", (ROOT / "requirements.txt").read_text(), re.MULTILINE)
    allowed = {canonicalize_name(name) for name in pinned} | IN_THE_ZIP_ANYWAY
    distributions = packages_distributions()
    for path in [ROOT / "app.py", *(ROOT / "chalicelib").rglob("*.py")]:
        if any(part in str(path) for part in NOT_FOR_REQUESTS):
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {
            name.split(".")[0]
            for node in ast.walk(tree)
            for name in (
                [alias.name for alias in node.names]
                if isinstance(node, ast.Import)
                else [node.module or ""]
                if isinstance(node, ast.ImportFrom)
                else []
            )
        }
        for name in names - sys.stdlib_module_names - OPTIONAL - {"chalicelib", "app"}:
            wanted = {canonicalize_name(each) for each in distributions.get(name, [name])}
            assert wanted & allowed, f"{path} imports {name}, which requirements.txt lacks"
