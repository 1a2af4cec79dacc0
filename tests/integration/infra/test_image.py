"""The steps of worker/Dockerfile give a worker that starts: run here without Docker."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.integration.infra.conftest import ROOT

pytestmark = pytest.mark.xdist_group("package")

DOCKERFILE = (ROOT / "worker/Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")


def run(command: list[str], folder: Path, **environment: str) -> str:
    done = subprocess.run(
        command,
        cwd=folder,
        env={"PATH": "/usr/bin:/bin", "HOME": str(folder), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def built(packager: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The first stage, step by step, with /app and /venv in a folder."""
    top = tmp_path_factory.mktemp("image")
    app = top / "app"
    app.mkdir()
    inherited = {name: value for name, value in os.environ.items() if name.startswith("PIP_")}
    stage = DOCKERFILE.split("\nFROM ")[1]
    for line in stage.splitlines():
        if line.startswith("COPY "):
            _, source, target = shlex.split(line)
            copy(ROOT / source, app / target)
        elif line.startswith("RUN "):
            command = shlex.split(line[4:].replace("/venv", str(top / "venv")))
            command[0] = str(packager) if command[0] == "python" else command[0]
            run(command, app, **inherited)
    return top


def copy(source: Path, target: Path) -> None:
    if source.is_dir():
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(source, target, ignore=ignored, dirs_exist_ok=True)
    else:
        target = target / source.name if target.name != source.name else target
        target.parent.mkdir(exist_ok=True)
        shutil.copyfile(source, target)


def test_image_migrates_and_starts_with_nothing_but_what_it_holds(
    built: Path, tmp_path: Path
) -> None:
    settings = {
        "PATH": f"{built / 'venv/bin'}:/usr/bin:/bin",
        "DATABASE_URL": f"sqlite:///{tmp_path / 'bellpull.db'}",
        "SQS_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/123456789012/x-{queue}",
        "AWS_REGION": "eu-central-1",
    }
    app = built / "app"
    assert "at revision" in run(["python", "-m", "worker", "migrate"], app, **settings)
    report = run(["celery", "-A", "worker", "report"], app, **settings)
    assert "results:worker.result_backend:JobsBackend" in report
    assert not (app / "tests").exists()


def test_bytecode_of_the_image_is_not_checked_again(built: Path) -> None:
    (compiled,) = (built / "app/worker/__pycache__").glob("celery.*.pyc")
    assert compiled.read_bytes()[4:8] == b"\x01\x00\x00\x00"


def test_image_runs_without_root_on_the_python_of_the_functions() -> None:
    assert re.search(r"^USER 10001:10001$", DOCKERFILE, re.MULTILINE)
    assert re.search(r"^ARG PYTHON=3\.13\.\d+-slim-\w+$", DOCKERFILE, re.MULTILINE)
    assert '"10001:10001"' in (ROOT / "infra/worker.tf").read_text(encoding="utf-8")
