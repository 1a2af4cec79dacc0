"""A checkout of the project, and an AWS to deploy it to: moto's server, completed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any

import boto3
import pytest

from infra.local.servers.moto import MotoServer
from tests.integration.infra.terraform_room import ROOT, find_plugins

REGION = "eu-central-1"


class CompletedMoto(MotoServer):
    """The emulator with the answers that it lacks; its tasks fail while it is told so."""

    def __init__(self) -> None:
        super().__init__()
        self.tasks_fail = self._folder / "tasks-fail"
        os.environ["TASKS_FAIL"] = str(self.tasks_fail)

    def _command(self) -> list[str]:
        server = Path(__file__).with_name("aws_server.py")
        return [sys.executable, str(server), "-H", "127.0.0.1", "-p", str(self.port)]


class Checkout:
    """A copy of the project, and the verbs of its Makefile."""

    def __init__(self, folder: Path, aws: str) -> None:
        plugins = find_plugins()
        if not list(plugins.glob("**/terraform-provider-aws_v[56]*")):
            pytest.skip(f"TF_PLUGIN_DIR={plugins} has no provider that can apply")
        self.folder = folder
        self.package = folder / "infra/.package/dev"
        ignored = shutil.ignore_patterns("__pycache__", ".terraform*", ".package")
        for name in ("infra", "worker", "chalicelib"):
            shutil.copytree(ROOT / name, folder / name, ignore=ignored)
        shutil.copyfile(ROOT / "requirements.txt", folder / "requirements.txt")
        self._environment = {
            **os.environ,
            "AWS_ENDPOINT_URL": aws,
            "AWS_MAX_ATTEMPTS": "2",
            "TF_PLUGIN_DIR": str(plugins),
            "TF_CLI_CONFIG_FILE": os.devnull,
            "TF_CLI_ARGS": "-no-color",
            "TF_CLI_ARGS_apply": "-parallelism=40",
            "TF_CLI_ARGS_destroy": "-parallelism=40",
            "CHECKPOINT_DISABLE": "1",
            "IMAGE_BUILDER": "codebuild",
            "YES": "1",
        }

    def put_package(self, made: Path) -> None:
        """Put what `make package` made where Terraform looks for it."""
        shutil.copytree(made, self.package)
        # Two archives of 11 MB take the emulator's breath; to a plan one is like another.
        with zipfile.ZipFile(self.package / "deployment.zip", "w") as archive:
            archive.writestr("app.py", "app = None")

    def make(self, verb: str, expect: int = 0) -> str:
        """What `make VERB ENV=dev` does after packing; returns what it says."""
        return self._run(self.folder, [sys.executable, "-m", "infra.deploy", verb, "dev"], expect)

    def terraform(self, *arguments: str) -> str:
        """Ask Terraform itself."""
        return self._run(self.folder / "infra", ["terraform", *arguments], 0)

    def _run(self, folder: Path, command: list[str], expect: int) -> str:
        done = subprocess.run(
            command,
            cwd=folder,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == expect, done.stdout[-12000:]
        return done.stdout


def client(aws: str, service: str) -> Any:
    """A client of the emulator."""
    return boto3.client(service, endpoint_url=aws, region_name=REGION)
