"""A route pays for what it uses: cold starts import nothing heavy, and looking imports no AWS."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from chalicelib.db.engine import make_engine
from chalicelib.domain.scopes import Scope
from chalicelib.services.tokens import mint

ROOT = Path(__file__).parents[3]
HEAVY = {
    "alembic",
    "boto3",
    "botocore",
    "celery",
    "kombu",
    "opentelemetry",
    "pymysql",
    "sqlalchemy",
}

GET = r"""
import json, re
def get(path, token):
    context = {"httpMethod": "GET", "resourcePath": path, "path": path}
    event = dict.fromkeys(("multiValueQueryStringParameters", "body", "stageVariables"))
    event |= {"requestContext": context, "headers": {"x-auth-token": token}}
    event["pathParameters"] = dict.fromkeys(re.findall(r"{(\w+)}", path), "x")
    return app.app(event, None)["statusCode"]
"""


def imported_by(code: str, **environment: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys\nprint(); print(*sys.modules)"],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=True,
    )
    return {name.split(".")[0] for name in done.stdout.splitlines()[-1].split()} & HEAVY


@pytest.mark.parametrize("module", ["app", "chalicelib.api.schedule"])
def test_start_imports_nothing_heavy_and_reads_no_setting(module: str) -> None:
    assert imported_by(f"import {module}") == set()


def test_request_without_a_token_imports_nothing_heavy() -> None:
    settings = {"DATABASE_URL": "sqlite:////nowhere/x.db", "SQS_QUEUE_URL": "http://x/{queue}"}
    code = (
        f"import app\n{GET}\nassert get('/health', '') == 200\nassert get('/jobs/{{job_id}}', '')"
    )
    assert imported_by(code, **settings) == set()


def test_looking_imports_neither_aws_nor_celery(sqlite_template: Path, tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'bellpull.db'}"
    (tmp_path / "bellpull.db").write_bytes(sqlite_template.read_bytes())
    engine = make_engine(url)
    _, token = mint(engine, "demo", [Scope.ADMIN])
    engine.dispose()
    code = f"""
import app
{GET}
for path, methods in app.app.routes.items():
    if "GET" in methods:
        status = get(path, {token!r})
        expected = 503 if path == "/ready" else 404 if "{{" in path else 200
        assert status == expected, (path, status)
"""
    settings = {"DATABASE_URL": url, "SQS_QUEUE_URL": "http://127.0.0.1:9/{queue}"}
    assert imported_by(code, **settings) == {"sqlalchemy"}
