"""The package that Terraform deploys is slim, compiled, complete and the same each time."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from app import app
from infra.package.archive import AWS_SERVICES
from tests.integration.infra.conftest import ROOT, Package, run_packager

pytestmark = pytest.mark.xdist_group("package")


def test_same_input_gives_the_same_files(package: Package, tmp_path: Path) -> None:
    again = package.repack(tmp_path)
    for name in ("deployment.zip", "functions.json", "gateway.json"):
        assert (again.folder / name).read_bytes() == (package.folder / name).read_bytes(), name


def test_zip_is_small(package: Package) -> None:
    assert (package.folder / "deployment.zip").stat().st_size < 20_000_000


def test_every_module_has_bytecode_that_is_not_checked(package: Package, task_folder: Path) -> None:
    names = package.names()
    modules = [name for name in names if name.endswith(".py")]
    compiled = [name for name in names if name.endswith(".cpython-313.pyc")]
    assert len(modules) == len(compiled) > 300
    bytecode = (task_folder / "__pycache__/app.cpython-313.pyc").read_bytes()
    assert bytecode[4:8] == b"\x01\x00\x00\x00"  # by hash (PEP 552), and unchecked


def test_zip_holds_what_requests_need_and_no_more(package: Package) -> None:
    names = package.names()
    assert {"app.py", "chalice/app.py", "chalicelib/db/rds-ca.pem"} <= set(names)
    tops = {name.split("/")[0] for name in names}
    assert not tops & {"worker", "infra", "tests", "celery", "kombu", "boto3", "pip"}
    services = {name.split("/")[2] for name in names if re.match(r"botocore/data/\w+/", name)}
    assert services == set(AWS_SERVICES)


def test_every_client_of_the_api_has_its_service_in_the_zip() -> None:
    made = set()
    for path in (ROOT / "chalicelib").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        made |= set(re.findall(r'create_client\(\s*"([\w-]+)"', text))
    assert made == set(AWS_SERVICES)


def test_each_handler_is_imported_from_the_zip_alone(
    package: Package, functions: dict[str, dict[str, str]], task_folder: Path
) -> None:
    for function in functions.values():
        module = function["handler"].rpartition(".")[0]
        script = f"import sys; sys.path.insert(0, {str(task_folder)!r}); import {module}"
        done = subprocess.run(
            [str(package.python), "-I", "-S", "-W", "error", "-c", script],
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr


def test_functions_are_those_of_the_app(functions: dict[str, Any]) -> None:
    scheduled = {name for name, function in functions.items() if function["schedule"]}
    assert scheduled == {source.name for source in app.event_sources}
    assert functions.keys() - scheduled == {"api"}
    assert functions["api"]["handler"] == "app.app"
    assert functions["dispatch"]["schedule"] == "rate(1 minute)"


def test_gateway_has_every_route_and_answers_problems_itself(package: Package) -> None:
    document = json.loads((package.folder / "gateway.json").read_text(encoding="utf-8"))
    routes = {path: {method.lower() for method in methods} for path, methods in app.routes.items()}
    found = {path: set(methods) for path, methods in document["paths"].items()}
    every_other = {"x-amazon-apigateway-any-method"}
    assert found == {path: methods | every_other for path, methods in routes.items()}
    answers = document["x-amazon-apigateway-gateway-responses"]
    assert {"THROTTLED", "DEFAULT_5XX"} <= answers.keys()
    for kind, answer in answers.items():
        content_type = answer["responseParameters"]["gatewayresponse.header.Content-Type"]
        assert content_type == "'application/problem+json'"
        (template,) = answer["responseTemplates"].values()
        problem = json.loads(template.replace("$context.error.messageString", '"what"'))
        assert problem["type"] == "about:blank", kind


def test_environment_that_is_not_there_is_refused_with_those_that_are(packager: Path) -> None:
    done = run_packager(packager, "prd", "/nowhere")
    assert done.returncode == 1
    assert "no environment 'prd'" in done.stdout
    assert "dev, prod" in done.stdout
    assert "Traceback" not in done.stdout


def test_environment_that_is_not_said_is_asked_for(packager: Path) -> None:
    done = run_packager(packager, "")
    assert (done.returncode, done.stdout) == (1, "Say which environment: ENV=dev or ENV=prod\n")
