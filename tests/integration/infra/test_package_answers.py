"""The packed functions answer API Gateway's events as the local server answers requests."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from chalicelib.db.engine import make_engine
from chalicelib.domain.scopes import Scope
from chalicelib.services.tokens import mint
from infra.local.servers.process import GuardedProcess
from infra.local.servers.readiness import answers_http, find_free_port, open_local, wait_until
from tests.databases import database_on
from tests.integration.infra.conftest import ROOT, Package
from tests.integration.infra.gateway_events import SCHEDULED, make_event

pytestmark = pytest.mark.xdist_group("package")

CREATE = json.dumps({"name": "web", "subnet_ids": ["subnet-1", "subnet-2"]})
# Method, path and query, body, whether a token is sent.
REQUESTS: list[tuple[str, str, str | None, bool]] = [
    ("GET", "/health", None, False),
    ("GET", "/jobs", None, False),
    ("POST", "/loadbalancers", CREATE, True),
    ("POST", "/loadbalancers", '{"name": 7}', True),
    ("POST", "/loadbalancers", "{", True),
    ("GET", "/loadbalancers?limit=1&colour=red", None, True),
    ("GET", "/loadbalancers/018f3c1e-0000-7000-8000-000000000000", None, True),
    ("GET", "/jobs/%20", None, True),
    ("DELETE", "/loadbalancers/018f3c1e-0000-7000-8000-000000000000", None, True),
]
#: The headers of an answer that the API itself decides on.
HEADERS = ("content-type", "cache-control", "x-content-type-options", "www-authenticate")


@pytest.fixture
def url_of_database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    with database_on("mariadb", request, tmp_path) as url:
        yield url


@pytest.fixture
def environment(url_of_database: str, moto_server: str) -> Iterator[dict[str, str]]:
    """What a function finds: a database, queues that are there, and no way to any other AWS."""
    sqs = boto3.client("sqs", endpoint_url=moto_server)
    prefix = f"package-{uuid.uuid4().hex[:8]}"
    for queue in ("network", "default"):
        sqs.create_queue(QueueName=f"{prefix}-{queue}")
    yield {
        "PATH": os.environ["PATH"],
        "NO_PROXY": "127.0.0.1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "DATABASE_URL": url_of_database,
        "SQS_QUEUE_URL": f"{moto_server}/123456789012/{prefix}-{{queue}}",
        "SQS_ENDPOINT_URL": moto_server,
        "LOG_FORMAT": "json",
        "DEPLOYMENT": "bellpull-test",
    }
    sqs.close()


@pytest.fixture
def token(environment: dict[str, str]) -> str:
    engine = make_engine(environment["DATABASE_URL"])
    minted = mint(engine, "demo", [Scope.ADMIN])[1]
    engine.dispose()
    return minted


@pytest.fixture
def local_url(environment: dict[str, str], tmp_path: Path) -> Iterator[str]:
    """The local server, on the same record."""
    port = find_free_port()
    process = GuardedProcess(
        [sys.executable, "-m", "infra.local.api"],
        tmp_path / "local.log",
        environment=environment | {"API_PORT": str(port)},
        folder=ROOT,
    )
    url = f"http://127.0.0.1:{port}"
    assert wait_until(lambda: answers_http(f"{url}/health")), (tmp_path / "local.log").read_text()
    yield url
    process.stop(grace_seconds=10)


def call_functions(
    package: Package, folder: Path, environment: dict[str, str], calls: list[Any]
) -> tuple[list[Any], list[str]]:
    """Answers of the packed handlers to events, and the lines that they logged."""
    runtime = Path(__file__).with_name("lambda_runtime.py")
    done = subprocess.run(
        [str(package.python), "-I", "-S", str(runtime), str(folder)],
        input=json.dumps(calls),
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    *logged, answers = done.stdout.splitlines()
    return json.loads(answers), logged


def ask_local(url: str, method: str, body: str | None, headers: dict[str, str]) -> Any:
    data = None if body is None else body.encode()
    request = urllib.request.Request(url, data=data, method=method, headers=headers)
    try:
        with open_local(request, timeout=30) as response:
            return response.status, dict(response.headers), json.load(response)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, dict(error.headers), json.load(error)


def normalize(status: int, headers: dict[str, str], body: Any) -> Any:
    """What two answers to one request have in common, with ids and times made equal."""
    text = json.dumps(body, sort_keys=True)
    text = re.sub(r"[0-9a-f]{8}-[0-9a-f-]{27}", "ID", text)
    text = re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "TIME", text)
    text = re.sub(r"00-[0-9a-f]{32}-[0-9a-f]{16}-0[01]", "TRACE", text)
    lower = {name.lower(): value for name, value in headers.items()}
    return status, {name: lower.get(name) for name in HEADERS}, json.loads(text)


def test_functions_answer_as_the_local_server_does(
    package: Package,
    task_folder: Path,
    environment: dict[str, str],
    token: str,
    local_url: str,
) -> None:
    document = json.loads((package.folder / "gateway.json").read_text(encoding="utf-8"))
    calls, expected = [], []
    for method, target, body, is_known in REQUESTS:
        headers = {"X-Auth-Token": token} if is_known else {}
        headers |= {"Content-Type": "application/json"} if body is not None else {}
        event = make_event(list(document["paths"]), method, target, headers, body)
        calls.append(("app.app", event))
        expected.append(normalize(*ask_local(local_url + target, method, body, headers)))
    answers, _ = call_functions(package, task_folder, environment, calls)
    for request, answer, wanted in zip(REQUESTS, answers, expected, strict=True):
        headers = answer["headers"] | {
            name: values[0] for name, values in answer["multiValueHeaders"].items()
        }
        got = normalize(answer["statusCode"], headers, json.loads(answer["body"]))
        assert got == wanted, request
    statuses = [answer["statusCode"] for answer in answers]
    assert statuses == [200, 401, 202, 422, 400, 422, 404, 404, 404]


def test_console_is_in_the_zip_and_finds_its_files_behind_the_stage(
    package: Package, task_folder: Path, environment: dict[str, str]
) -> None:
    paths = list(json.loads((package.folder / "gateway.json").read_text(encoding="utf-8"))["paths"])

    def ask(target: str) -> Any:
        event = make_event(paths, "GET", target, {}, None)
        ((answer,), _) = call_functions(package, task_folder, environment, [("app.app", event)])
        return answer

    page = ask("/console")
    found = re.search(r'src="(/\w+)(/console/\w+/app\.js)"', page["body"])
    assert found, page["body"]
    script = ask(found[2])
    assert script["statusCode"] == 200
    assert "const app_module = " in script["body"]


def test_method_that_a_path_lacks_is_answered_by_the_function(
    package: Package, task_folder: Path, environment: dict[str, str], token: str
) -> None:
    event = make_event(["/jobs"], "PUT", "/jobs", {"X-Auth-Token": token}, None)
    ((answer,), _) = call_functions(package, task_folder, environment, [("app.app", event)])
    assert answer["statusCode"] == 405
    assert json.loads(answer["body"])["status"] == 405


def test_dispatch_runs_from_the_zip_and_logs_its_metrics(
    package: Package,
    functions: dict[str, dict[str, str]],
    environment: dict[str, str],
    task_folder: Path,
) -> None:
    calls = [(functions["dispatch"]["handler"], SCHEDULED)]
    ((answer,), logged) = call_functions(package, task_folder, environment, calls)
    assert answer["rung"] == 0
    (line,) = [line for line in map(json.loads, logged) if "JobsWaiting" in line]
    assert "_aws" in line
    assert (line["Deployment"], line["JobsWaiting"]) == ("bellpull-test", 0)
