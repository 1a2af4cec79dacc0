"""What the processes of the stack find in their environment, and the file that tells scripts."""

from __future__ import annotations

import os
import shlex
import sys
from collections.abc import Mapping
from pathlib import Path

# moto's account; any client may use any key there.
_ACCOUNT = "123456789012"
_SHUTDOWN_GRACE_SECONDS = "5"


def make_environment(local: Path, sqs_port: int, api_port: int) -> dict[str, str]:
    """Ours, with every setting for this stack; nothing in it leads to a real account.

    `local`: folder for the database file, when DATABASE_URL names no other database.
    """
    aws = f"http://127.0.0.1:{sqs_port}"
    ours = {
        name: value for name, value in os.environ.items() if value and not name.startswith("AWS_")
    }
    ours.setdefault("DATABASE_URL", f"sqlite:///{local / 'bellpull.db'}")
    ours.setdefault("UPSTREAM", "aws")
    # Ctrl-C should not take as long as a deployment may.
    ours.setdefault("SHUTDOWN_GRACE_SECONDS", _SHUTDOWN_GRACE_SECONDS)
    return ours | {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}",
        "PYTHONUNBUFFERED": "1",
        "NO_PROXY": "127.0.0.1,localhost",
        "no_proxy": "127.0.0.1,localhost",
        "SQS_PORT": str(sqs_port),
        "API_PORT": str(api_port),
        "SQS_QUEUE_URL": f"{aws}/{_ACCOUNT}/bellpull-local-{{queue}}",
        "SQS_ENDPOINT_URL": aws,
        "UPSTREAM_ENDPOINT_URL": aws,
        "SNS_ENDPOINT_URL": aws,
        # Whoever receives webhooks here is on this machine as well.
        "WEBHOOKS_ALLOW_PRIVATE": "true",
        "AWS_REGION": "us-east-1",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


def write_shell_lines(path: Path, values: Mapping[str, str]) -> None:
    """Write NAME=value lines for `source`, readable by us alone: one of them is a token."""
    path.unlink(missing_ok=True)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.writelines(f"{name}={shlex.quote(value)}\n" for name, value in values.items())
