"""`bellpull loadbalancers list|show|create|change|destroy|add`."""

from __future__ import annotations

from typing import Any

from bellpull.commands.records import Noun, add_actions

_NOUN = Noun(
    path="loadbalancers",
    name="load_balancer",
    plural="load_balancers",
    words="load balancers",
    columns=("id", "name", "provisioning_status", "type", "scheme", "dns_name", "created_at"),
    fields=("name", "subnet_ids", "security_group_ids", "type", "scheme"),
)


def add_parsers(subparsers: Any) -> None:
    """Add these commands."""
    _, create, change = add_actions(subparsers, _NOUN)
    create.add_argument("--subnet", action="append", required=True, dest="subnet_ids")
    create.add_argument("--type", choices=["application", "network"])
    create.add_argument("--scheme", choices=["internal", "internet-facing"])
    change.add_argument("--subnet", action="append", dest="subnet_ids")
