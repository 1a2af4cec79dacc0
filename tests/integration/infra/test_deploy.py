"""Deploying says what it does and what it lacks, and stops when the database is not migrated."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.deploy import image
from infra.deploy.account import Account
from infra.deploy.builder import build_remotely
from infra.deploy.errors import DeployError
from infra.deploy.migration import WorkerTask, run_task
from tests.fakes.ecs import ARN, FakeEcs
from tests.integration.infra.conftest import ROOT

REGION = "eu-central-1"
WHERE = WorkerTask(
    cluster="arn:aws:ecs:eu-central-1:123456789012:cluster/bellpull-dev",
    task_definition="arn:aws:ecs:eu-central-1:123456789012:task-definition/bellpull-dev-worker:1",
    subnets=["subnet-1", "subnet-2"],
    security_groups=["sg-1"],
    log_group="/bellpull/dev/worker",
    region=REGION,
)
MIGRATE = ["python", "-m", "worker", "migrate"]


def deploy(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "infra.deploy", *arguments],
        cwd=ROOT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def logs(moto_server: str) -> Any:
    """CloudWatch with the log of the fake's task."""
    client = boto3.client("logs", endpoint_url=moto_server, region_name=REGION)
    group = {"logGroupName": f"/bellpull/{uuid.uuid4().hex}"}
    stream = {**group, "logStreamName": f"worker/worker/{ARN.rpartition('/')[2]}"}
    client.create_log_group(**group)
    client.create_log_stream(**stream)
    client.put_log_events(
        **stream,
        logEvents=[{"timestamp": int(1000 * time.time()), "message": "at revision 0007"}],
    )
    yield client, group["logGroupName"]
    client.close()


def run_with(ecs: FakeEcs, logs: Any, command: list[str] = MIGRATE) -> None:
    client, group = logs
    where = WorkerTask(**{**vars(WHERE), "log_group": group})
    run_task(where, command, ecs=ecs, logs=client, pause=lambda _: None)


def test_task_runs_in_the_private_network_and_shows_its_log(
    logs: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    ecs = FakeEcs()
    run_with(ecs, logs)
    network = ecs.asked["networkConfiguration"]["awsvpcConfiguration"]
    assert network["assignPublicIp"] == "DISABLED"
    assert network["subnets"] == WHERE.subnets
    (override,) = ecs.asked["overrides"]["containerOverrides"]
    assert override == {"name": "worker", "command": MIGRATE}
    assert "at revision 0007" in capsys.readouterr().out


def test_migration_that_fails_stops_the_deploy_and_shows_its_log(
    logs: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    ecs = FakeEcs()
    ecs.end_with_status(1)
    with pytest.raises(DeployError, match="ended with status 1"):
        run_with(ecs, logs)
    assert "at revision 0007" in capsys.readouterr().out


def test_task_that_never_ran_says_why(logs: Any) -> None:
    ecs = FakeEcs()
    ecs.never_start("CannotPullContainerError: not found")
    with pytest.raises(DeployError, match="never ran: CannotPullContainerError"):
        run_with(ecs, logs)


def test_task_that_ecs_has_no_room_for_says_so(logs: Any) -> None:
    ecs = FakeEcs()
    ecs.refuse("Capacity is unavailable at this time")
    with pytest.raises(DeployError, match="Capacity is unavailable"):
        run_with(ecs, logs)


def test_migration_called_by_terraform_fails_its_step_without_a_trace(moto_server: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "infra.deploy.migration"],
        cwd=ROOT,
        env={**os.environ, "AWS_ENDPOINT_URL": moto_server, "MIGRATION": json.dumps(vars(WHERE))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "was not migrated" in done.stderr
    assert "Traceback" not in done.stderr


def test_environment_that_is_not_there_is_named_with_those_that_are() -> None:
    done = deploy("plan", "staging")
    assert done.returncode == 1
    assert done.stderr.startswith("There is no environment 'staging'")
    assert "ENV=dev or ENV=prod" in done.stderr


def test_environment_that_is_not_said_is_asked_for() -> None:
    done = deploy("deploy", "")
    assert (done.returncode, done.stderr) == (1, "Say which environment: ENV=dev or ENV=prod\n")


def test_credentials_that_are_not_there_are_asked_for() -> None:
    done = deploy("plan", "dev", AWS_ACCESS_KEY_ID="", AWS_SECRET_ACCESS_KEY="")
    assert done.returncode == 1
    assert done.stderr.startswith("There are no AWS credentials: set AWS_PROFILE")


def test_credentials_that_aws_does_not_answer_to_are_told_in_a_line() -> None:
    endpoint = "http://127.0.0.1:9"
    done = deploy("plan", "dev", AWS_ENDPOINT_URL=endpoint, AWS_MAX_ATTEMPTS="1")
    assert done.returncode == 1
    assert "does not accept the credentials" in done.stderr
    assert "Traceback" not in done.stderr


def test_missing_terraform_is_told(moto_server: str, tmp_path: Path) -> None:
    done = deploy("bootstrap", "dev", AWS_ENDPOINT_URL=moto_server, PATH=str(tmp_path))
    assert done.returncode == 1
    assert "no terraform on PATH" in done.stderr


def test_image_has_another_name_when_its_sources_differ(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in image.SOURCES:
        made = tmp_path / name
        made.write_text("a") if "." in name else made.mkdir()
    (tmp_path / "worker/beat.py").write_text("a = 1")
    monkeypatch.setattr(image, "ROOT", tmp_path)
    before = image.image_tag("X86_64")
    (tmp_path / "worker/__pycache__").mkdir()
    (tmp_path / "worker/__pycache__/beat.pyc").write_bytes(b"x")
    assert image.image_tag("X86_64") == before
    assert image.image_tag("ARM64") != before
    (tmp_path / "worker/beat.py").write_text("a = 2")
    assert image.image_tag("X86_64") != before


def test_image_is_made_of_what_its_name_is_made_of() -> None:
    lines = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert {line[1:] for line in lines if line.startswith("!")} == set(image.SOURCES)
    dockerfile = (ROOT / "worker/Dockerfile").read_text(encoding="utf-8")
    copied = {
        line.split()[1].rstrip("/")
        for line in dockerfile.splitlines()
        if line.startswith("COPY ") and "--from" not in line
    }
    assert copied == {"requirements.txt", "worker/requirements.txt", "worker", "chalicelib"}


@pytest.fixture
def home(moto_server: str, monkeypatch: pytest.MonkeyPatch) -> Account:
    """An account of this test's own."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_server)
    number = str(uuid.uuid4().int)[:12]
    monkeypatch.setenv("MOTO_ACCOUNT_ID", number)
    account = Account(number, REGION)
    location = {"LocationConstraint": REGION}
    s3 = boto3.client("s3", region_name=REGION)
    s3.create_bucket(Bucket=account.state_bucket, CreateBucketConfiguration=location)
    return account


def test_sources_are_uploaded_for_a_remote_build(home: Account, tmp_path: Path) -> None:
    with pytest.raises(DeployError, match="make bootstrap"):
        build_remotely(home, "host/bellpull:tag", "X86_64", [ROOT / "requirements.txt"], ROOT)
    s3 = boto3.client("s3", region_name=REGION)
    found = s3.get_object(Bucket=home.state_bucket, Key="sources/tag.zip")
    (tmp_path / "sources.zip").write_bytes(found["Body"].read())
    shutil.unpack_archive(tmp_path / "sources.zip", tmp_path / "unpacked")
    assert (tmp_path / "unpacked/requirements.txt").exists()
