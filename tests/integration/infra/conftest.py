"""What is deployed, made once for all these tests: the package, and a place to run it in."""

from __future__ import annotations

import fcntl
import json
import subprocess
import zipfile
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Package:
    """What `make package ENV=dev` made, and the Python that made it."""

    folder: Path
    python: Path

    def names(self) -> list[str]:
        """Names of the files in the zip."""
        with zipfile.ZipFile(self.folder / "deployment.zip") as archive:
            return archive.namelist()

    def repack(self, folder: Path) -> Package:
        """Pack anew."""
        run_packager(self.python, "dev", str(folder))
        return Package(folder, self.python)


def run_packager(python: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """`python -m infra.package` with these arguments; output in stdout."""
    return subprocess.run(
        [str(python), "-m", "infra.package", *arguments],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


@pytest.fixture(scope="session")
def packager() -> Path:
    """The Python 3.13 that packs, in its own environment."""
    found = subprocess.run(
        ["sh", "infra/package/python.sh", "--find"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode != 0:
        pytest.skip(f"the package cannot be made here: {found.stderr.strip()}")
    (ROOT / "build").mkdir(exist_ok=True)
    with (ROOT / "build/package.lock").open("w") as lock:  # other test processes want it too
        fcntl.flock(lock, fcntl.LOCK_EX)
        made = subprocess.run(
            ["make", "build/package/.installed"],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
    assert made.returncode == 0, made.stdout
    return ROOT / "build/package/bin/python"


@pytest.fixture(scope="session")
def package(packager: Path, tmp_path_factory: pytest.TempPathFactory) -> Package:
    """The API, packed for dev."""
    folder = tmp_path_factory.mktemp("package")
    done = run_packager(packager, "dev", str(folder))
    assert done.returncode == 0, done.stdout
    return Package(folder, packager)


@pytest.fixture(scope="session")
def functions(package: Package) -> dict[str, dict[str, str]]:
    """The functions that Terraform makes, by name."""
    facts = json.loads((package.folder / "functions.json").read_text(encoding="utf-8"))
    made: dict[str, dict[str, str]] = facts["functions"]
    return made


@pytest.fixture(scope="session")
def task_folder(package: Package, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package unpacked, as Lambda unpacks it."""
    folder = tmp_path_factory.mktemp("task")
    with zipfile.ZipFile(package.folder / "deployment.zip") as archive:
        archive.extractall(folder)
    return folder
