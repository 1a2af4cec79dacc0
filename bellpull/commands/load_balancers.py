"""`bellpull loadbalancers list|show|create|change|destroy|add`."""

from __future__ import annotations

import argparse
from typing import Any

from bellpull.client import Client
from bellpull.commands.records import Noun, add_actions, add_tags, add_wait, follow, read_body
from bellpull.output import Output

_NOUN = Noun(
    path="loadbalancers",
    name="load_balancer",
    plural="load_balancers",
    words="load balancers",
    columns=("id", "name", "provisioning_status", "type", "scheme", "dns_name", "created_at"),
)
_FIELDS = ("name", "subnet_ids", "security_group_ids", "type", "scheme")


def add_parsers(subparsers: Any) -> None:
    """Add these commands."""
    actions = add_actions(subparsers, _NOUN)
    create = actions.add_parser("create", help="create one")
    create.add_argument("name")
    create.add_argument("--subnet", action="append", required=True, dest="subnet_ids")
    create.add_argument("--type", choices=["application", "network"])
    create.add_argument("--scheme", choices=["internal", "internet-facing"])
    create.set_defaults(run=_create)
    change = actions.add_parser("change", help="change one; what is not given stays")
    change.add_argument("id")
    change.add_argument("--name")
    change.add_argument("--subnet", action="append", dest="subnet_ids")
    change.set_defaults(run=_change)
    for parser in (create, change):
        parser.add_argument("--security-group", action="append", dest="security_group_ids")
        add_tags(parser)
        add_wait(parser)


def _create(client: Client, output: Output, parsed: argparse.Namespace) -> int:
    accepted = client.post(_NOUN.path, body=read_body(parsed, _FIELDS))
    return follow(client, output, parsed, accepted, _NOUN.name)


def _change(client: Client, output: Output, parsed: argparse.Namespace) -> int:
    accepted = client.put(_NOUN.path, parsed.id, body=read_body(parsed, _FIELDS))
    return follow(client, output, parsed, accepted, _NOUN.name)
