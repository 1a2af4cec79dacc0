"""A copy of infra/ in which Terraform runs with the provider of TF_PLUGIN_DIR."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


class TerraformRoom:
    """Terraform in a folder of its own: nothing is written into infra/."""

    def __init__(self, folder: Path, plugins: Path) -> None:
        self.folder = folder
        self._plugins = plugins
        ignored = shutil.ignore_patterns(".terraform*", ".package", "__pycache__", "*.py")
        shutil.copytree(ROOT / "infra", folder, ignore=ignored)

    def __call__(self, *arguments: str, within: str = ".", expect: int = 0) -> str:
        """Run terraform in the folder `within` and return its output, which is shown if it fails.

        `expect`: the exit status that is no failure.
        """
        done = subprocess.run(
            ["terraform", *arguments],
            cwd=self.folder / within,
            env={
                **{name: value for name, value in os.environ.items() if name != "TF_DATA_DIR"},
                "TF_CLI_CONFIG_FILE": os.devnull,  # no person's mirrors and credentials
                "TF_IN_AUTOMATION": "1",
                "TF_INPUT": "0",
                "CHECKPOINT_DISABLE": "1",
            },
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        assert done.returncode == expect, done.stdout[-12000:]
        return done.stdout

    def init(self, within: str = ".", *arguments: str) -> None:
        """Make the provider ready in the folder `within`."""
        self("init", "-no-color", f"-plugin-dir={self._plugins}", *arguments, within=within)


def find_plugins() -> Path:
    """The folder with the AWS provider; the test is skipped where there is none."""
    if shutil.which("terraform") is None:
        pytest.skip("terraform is not on PATH")
    folder = os.environ.get("TF_PLUGIN_DIR")
    if not folder:
        pytest.skip("TF_PLUGIN_DIR is not set: the folder with the AWS provider, as for init")
    if not list(Path(folder).glob("**/hashicorp/aws/**/terraform-provider-aws*")):
        pytest.skip(f"TF_PLUGIN_DIR={folder} has no hashicorp/aws provider in it")
    return Path(folder)
