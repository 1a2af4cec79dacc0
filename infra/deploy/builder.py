"""Builds the image in AWS, for those without Docker: by CodeBuild, from a zip in a bucket."""

from __future__ import annotations

import io
import time
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import boto3
from botocore.exceptions import ClientError

from infra.deploy.account import Account
from infra.deploy.errors import DeployError, say

_POLL_SECONDS = 5.0
_UNDER_WAY = "IN_PROGRESS"


def build_remotely(
    home: Account,
    uri: str,
    architecture: str,
    paths: Sequence[Path],
    root: Path,
    *,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Upload `paths` (below `root`), let CodeBuild build and push `uri`, and wait for it.

    Raises:
        DeployError: the builder is missing, or the build failed; with where its log is.
    """
    tag = uri.rpartition(":")[2]
    key = f"sources/{tag}.zip"
    try:
        s3 = boto3.client("s3", region_name=home.region)
        s3.put_object(Bucket=home.state_bucket, Key=key, Body=_zip(paths, root))
        codebuild = boto3.client("codebuild", region_name=home.region)
        build = codebuild.start_build(
            projectName=f"bellpull-image-{architecture.lower()}",
            sourceLocationOverride=f"{home.state_bucket}/{key}",
            environmentVariablesOverride=[{"name": "TAG", "value": tag}],
        )["build"]
        _wait(codebuild, build["id"], pause)
    except ClientError as error:
        raise DeployError(
            f"The image cannot be built by CodeBuild: {error}. `make bootstrap` makes the builder."
        ) from error


def _zip(paths: Sequence[Path], root: Path) -> bytes:
    memory = io.BytesIO()
    with zipfile.ZipFile(memory, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in paths:
            archive.write(path, path.relative_to(root).as_posix())
    return memory.getvalue()


def _wait(codebuild: Any, build_id: str, pause: Callable[[float], None]) -> None:
    phase = None
    while True:
        build = codebuild.batch_get_builds(ids=[build_id])["builds"][0]
        if build.get("currentPhase") != phase:
            phase = build.get("currentPhase")
            say(f"CodeBuild: {phase}")
        if build["buildStatus"] != _UNDER_WAY:
            break
        pause(_POLL_SECONDS)
    if build["buildStatus"] != "SUCCEEDED":
        log = build.get("logs", {}).get("deepLink", f"log of the build {build_id}")
        raise DeployError(f"CodeBuild ended with {build['buildStatus']}: {log}")
