"""Runs Terraform where its files are."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any, Protocol

from infra.deploy.errors import DeployError, say

FOLDER = Path(__file__).parents[1]


class StateHome(Protocol):
    """Where the state is."""

    @property
    def region(self) -> str: ...

    @property
    def state_bucket(self) -> str: ...


def init(home: StateHome, *, key: str, folder: str = ".") -> None:
    """Get the provider and the state `key` ready.

    Raises:
        DeployError: there is no Terraform.
    """
    say("terraform init")
    plugins = os.environ.get("TF_PLUGIN_DIR")  # providers from a folder, without the registry
    run(
        "init",
        "-input=false",
        "-reconfigure",
        f"-backend-config=bucket={home.state_bucket}",
        f"-backend-config=region={home.region}",
        f"-backend-config=key={key}",
        *([f"-plugin-dir={plugins}"] if plugins else []),
        folder=folder,
        is_quiet=True,
    )


def approval() -> list[str]:
    """Terraform asks before it changes anything, unless YES=1 says that nobody is there."""
    return ["-auto-approve", "-input=false"] if os.environ.get("YES") == "1" else []


def run(verb: str, *arguments: str, folder: str = ".", is_quiet: bool = False) -> None:
    """Run `terraform VERB`. Raises CalledProcessError, after Terraform has said why.

    `is_quiet`: show what it says only if it fails.
    """
    if not is_quiet:
        say(f"terraform {verb}")
    done = subprocess.run(  # noqa: S603 - our own arguments
        [_program(), verb, *arguments],
        cwd=FOLDER / folder,
        check=False,
        text=True,
        stdout=subprocess.PIPE if is_quiet else None,
        stderr=subprocess.STDOUT if is_quiet else None,
    )
    if done.returncode != 0 and is_quiet:
        raise DeployError(f"terraform {verb} failed:\n{done.stdout.strip()}")
    done.check_returncode()


def read_outputs() -> dict[str, Any]:
    """What outputs.tf says of the environment. Raises DeployError if nothing was deployed."""
    told = subprocess.run(  # noqa: S603 - our own arguments
        [_program(), "output", "-json"], cwd=FOLDER, check=True, text=True, capture_output=True
    )
    outputs = {name: output["value"] for name, output in json.loads(told.stdout).items()}
    if "worker_task" not in outputs:
        raise DeployError("Nothing is deployed there yet: make deploy")
    return outputs


def _program() -> str:
    if (program := shutil.which("terraform")) is None:
        raise DeployError(
            "There is no terraform on PATH: install version 1.10 or newer"
            " (developer.hashicorp.com/terraform/install)."
        )
    return program
