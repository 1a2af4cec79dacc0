"""What is installed is pinned, complete and free of contradictions."""

from __future__ import annotations

import subprocess
import sys
from importlib.metadata import requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[2]
FILES = [
    "requirements.txt",
    "worker/requirements.txt",
    "requirements-dev.txt",
    "infra/package/requirements.txt",
]


def read(path: Path) -> list[Requirement]:
    """The requirements of a file and of those that it includes."""
    found = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("-r "):
            found += read(path.parent / line[3:])
        elif line and not line.startswith("#"):
            found.append(Requirement(line))
    return found


@pytest.mark.parametrize("name", FILES)
def test_every_requirement_is_pinned_once(name: str) -> None:
    requirements = read(ROOT / name)
    assert [each for each in requirements if not str(each.specifier).startswith("==")] == []
    names = [canonicalize_name(each.name) for each in requirements]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("name", FILES)
def test_what_requirements_need_is_pinned_too(name: str) -> None:
    requirements = read(ROOT / name)
    pinned = {canonicalize_name(each.name) for each in requirements} | {"pip"}
    for requirement in requirements:
        for text in requires(requirement.name) or []:
            needed = Requirement(text)
            applies = needed.marker is None or any(
                needed.marker.evaluate({"extra": extra}) for extra in {"", *requirement.extras}
            )
            assert not applies or canonicalize_name(needed.name) in pinned, (
                f"{requirement.name} needs {needed}, which {name} does not pin"
            )


def test_installed_packages_agree_with_each_other() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "check"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
