"""Runs `chalice package` and takes from its output what Terraform cannot know by itself.

Chalice's own Terraform is not used: no version of Terraform and of the AWS provider that is
still maintained takes it. What it says of functions, schedules and routes is.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

#: What `chalice package` says, with exit status 0, when the zip lacks something.
_FAILURE = "Could not install dependencies"
#: Chalice's name for the function that answers requests, and ours.
_NAMES = {"api_handler": "api"}
_KINDS = {"aws_lambda_function", "aws_cloudwatch_event_rule", "aws_cloudwatch_event_target"}
_KINDS |= {"aws_lambda_permission", "aws_api_gateway_rest_api", "aws_api_gateway_deployment"}


class PackageError(Exception):
    """What is wrong, in a sentence that says what to do."""


@dataclass(frozen=True)
class ChaliceOutput:
    """What Chalice made."""

    archive: Path
    #: runtime, architecture, stage, and per function: handler, memory, timeout, schedule.
    facts: dict[str, Any]
    #: The routes, as Swagger 2.0 for API Gateway.
    swagger: dict[str, Any]


def run_chalice(root: Path, env: str, scratch: Path) -> ChaliceOutput:
    """Package the app at `root` for the stage `env`, working in the empty folder `scratch`.

    Raises:
        PackageError: there is no such stage, a dependency has no wheel, or Chalice failed.
    """
    stages = _stages(root)
    if not env:
        raise PackageError(f"Say which environment: ENV={' or ENV='.join(stages)}")
    if env not in stages:  # Chalice would take any name, in silence
        raise PackageError(
            f"There is no environment {env!r}: .chalice/config.json has the stages"
            f" {', '.join(stages)}. A new one needs a stage there and a file infra/{env}.tfvars."
        )
    source, target = scratch / "source", scratch / "target"
    _copy_source(root, source)
    _call(source, env, target)
    made = json.loads((target / "chalice.tf.json").read_text(encoding="utf-8"))
    _refuse_what_is_not_deployed(made["resource"])
    swagger = json.loads(made["locals"]["chalice_api_swagger"])
    return ChaliceOutput(target / "deployment.zip", _facts(made["resource"]), swagger)


def _stages(root: Path) -> list[str]:
    config = json.loads((root / ".chalice/config.json").read_text(encoding="utf-8"))
    return [stage for stage in config["stages"] if stage != "local"]


def _copy_source(root: Path, source: Path) -> None:
    """What goes into the zip and no more: no bytecode of this machine, no old cache."""
    shutil.copytree(
        root / "chalicelib", source / "chalicelib", ignore=shutil.ignore_patterns("__pycache__")
    )
    (source / ".chalice").mkdir()
    for name in ("app.py", "requirements.txt", ".chalice/config.json"):
        shutil.copyfile(root / name, source / name)


def _call(source: Path, env: str, target: Path) -> None:
    chalice = [sys.executable, "-c", "from chalice.cli import main; main()"]
    done = subprocess.run(  # noqa: S603 - our own arguments
        [*chalice, "package", "--pkg-format", "terraform", "--stage", env, str(target)],
        cwd=source,
        env={"AWS_DEFAULT_REGION": "us-east-1", **os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    if done.returncode != 0 or _FAILURE in done.stdout:
        raise PackageError(f"`chalice package` failed:\n{done.stdout.strip()[-3000:]}")


def _refuse_what_is_not_deployed(resources: dict[str, Any]) -> None:
    if unknown := sorted(resources.keys() - _KINDS):
        raise PackageError(
            f"app.py declares something that becomes {', '.join(unknown)}, which infra/*.tf do"
            " not make: describe it there, and name it in infra/package/chalice_output.py."
        )


def _facts(resources: dict[str, Any]) -> dict[str, Any]:
    schedules = {
        target["arn"].split(".")[1]: resources["aws_cloudwatch_event_rule"][name]
        for name, target in resources.get("aws_cloudwatch_event_target", {}).items()
    }
    functions = resources["aws_lambda_function"]
    any_function = functions["api_handler"]
    return {
        "runtime": any_function["runtime"],
        "architecture": any_function["architectures"][0],
        "stage": resources["aws_api_gateway_deployment"]["rest_api"]["stage_name"],
        "functions": {
            _NAMES.get(name, name): {
                "handler": function["handler"],
                "memory_mb": function["memory_size"],
                "timeout_seconds": function["timeout"],
                "schedule": schedules.get(name, {}).get("schedule_expression"),
            }
            for name, function in functions.items()
        },
    }
