"""The workers' image: named by a hash of what it is made of, built when that name is new."""

from __future__ import annotations

import base64
import hashlib
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from infra.deploy.account import Account, read_value
from infra.deploy.builder import build_remotely
from infra.deploy.errors import DeployError, say
from infra.deploy.terraform import FOLDER

ROOT = FOLDER.parent
REPOSITORY = "bellpull"
#: What the image is made of: .dockerignore lets no more through.
SOURCES = ("requirements.txt", "worker", "chalicelib")
PLATFORMS = {"X86_64": "linux/amd64", "ARM64": "linux/arm64"}


def image_uri(home: Account, env: str) -> str:
    """Where the image of this checkout is, or will be. Raises DeployError."""
    return f"{home.registry}/{REPOSITORY}:{image_tag(_architecture(env))}"


def image_tag(architecture: str) -> str:
    """The same for the same sources, whatever their dates and whoever builds."""
    digest = hashlib.sha256(architecture.encode())
    for path in sources():
        digest.update(f"\0{path.relative_to(ROOT).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return f"{architecture.lower()}-{digest.hexdigest()[:20]}"


def sources() -> Iterator[Path]:
    """The files that the image is made of, in a fixed order."""
    for name in SOURCES:
        top = ROOT / name
        found = [top] if top.is_file() else sorted(top.rglob("*"))
        for path in found:
            if path.is_file() and "__pycache__" not in path.parts:
                yield path


def ensure_image(home: Account, env: str) -> str:
    """Build and push the image unless it is there; returns its URI.

    IMAGE_BUILDER: docker, codebuild, or empty for Docker where it answers and else CodeBuild.

    Raises:
        DeployError: it cannot be built.
    """
    architecture, uri = _architecture(env), image_uri(home, env)
    ecr = boto3.client("ecr", region_name=home.region)
    if _exists(ecr, uri.rpartition(":")[2]):
        say(f"The image is there: {uri}")
        return uri
    builder = os.environ.get("IMAGE_BUILDER") or ("docker" if has_docker() else "codebuild")
    say(f"Building the image by {builder}: {uri}")
    if builder == "docker":
        _build_here(ecr, uri, PLATFORMS[architecture])
    elif builder == "codebuild":
        build_remotely(home, uri, architecture, list(sources()), ROOT)
    else:
        raise DeployError("IMAGE_BUILDER must be docker or codebuild")
    return uri


def has_docker() -> bool:
    """Whether a Docker engine answers."""
    if shutil.which("docker") is None:
        return False
    asked = subprocess.run(
        ["docker", "info", "--format", "{{.ServerVersion}}"],  # noqa: S607 - the person's own
        capture_output=True,
        check=False,
    )
    return asked.returncode == 0


def _architecture(env: str) -> str:
    architecture = read_value(env, "worker_architecture") or "X86_64"
    if architecture not in PLATFORMS:
        raise DeployError(f"worker_architecture must be {' or '.join(PLATFORMS)}")
    return architecture


def _exists(ecr: Any, tag: str) -> bool:
    try:
        ecr.describe_images(repositoryName=REPOSITORY, imageIds=[{"imageTag": tag}])
    except ecr.exceptions.ImageNotFoundException:
        return False
    except ecr.exceptions.RepositoryNotFoundException:
        raise DeployError(
            f"There is no repository {REPOSITORY!r} for images: make bootstrap makes it."
        ) from None
    except ClientError as error:
        raise DeployError(f"The repository of images cannot be looked at: {error}") from error
    return True


def _build_here(ecr: Any, uri: str, platform: str) -> None:
    if not has_docker():
        raise DeployError(
            "Docker does not answer: start it, or let AWS build the image: IMAGE_BUILDER=codebuild"
        )
    token = ecr.get_authorization_token()["authorizationData"][0]["authorizationToken"]
    user, _, password = base64.b64decode(token).decode().partition(":")
    registry = re.split("/", uri)[0]
    login = ["docker", "login", "--username", user, "--password-stdin", registry]
    build = ["docker", "build", "--platform", platform, "--file", "worker/Dockerfile"]
    for command, typed in (
        (login, password),
        ([*build, "--tag", uri, "."], None),
        (["docker", "push", uri], None),
    ):
        done = subprocess.run(command, cwd=ROOT, input=typed, text=True, check=False)  # noqa: S603
        if done.returncode != 0:
            raise DeployError(f"`{' '.join(command[:2])}` failed: see above.")
