"""`bellpull servers list|show|create|change|reboot|destroy|add`."""

from __future__ import annotations

import argparse
import pathlib
from typing import Any

from bellpull.client import Client
from bellpull.commands.records import Noun, add_actions, add_wait, follow
from bellpull.output import Output

_NOUN = Noun(
    path="servers",
    name="server",
    plural="servers",
    words="servers",
    columns=("id", "name", "provisioning_status", "flavor", "private_ip_address", "created_at"),
    fields=(
        "name",
        "image_id",
        "flavor",
        "subnet_id",
        "security_group_ids",
        "key_name",
        "user_data",
    ),
)


def add_parsers(subparsers: Any) -> None:
    """Add these commands."""
    actions, create, _ = add_actions(subparsers, _NOUN)
    create.add_argument("--image", required=True, dest="image_id")
    create.add_argument("--flavor", required=True, help="EC2's instance type, Nova's flavor")
    create.add_argument("--subnet", required=True, dest="subnet_id")
    create.add_argument("--key", dest="key_name", help="the key pair at the cloud that opens it")
    create.add_argument(
        "--user-data-file", dest="user_data", type=_read_text, metavar="FILE", help="for cloud-init"
    )
    reboot = actions.add_parser("reboot", help="reboot one")
    reboot.add_argument("id")
    reboot.set_defaults(run=_reboot)
    add_wait(reboot)


def _reboot(client: Client, output: Output, parsed: argparse.Namespace) -> int:
    accepted = client.post(_NOUN.path, parsed.id, "reboot")
    return follow(_NOUN, client, output, parsed, accepted)


def _read_text(name: str) -> str:
    try:
        return pathlib.Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise argparse.ArgumentTypeError(f"{name} cannot be read as text: {error}") from error
