"""`bellpull loadbalancers list|show|create|change|destroy|add`."""

from __future__ import annotations

import argparse
from typing import Any

from bellpull.client import Client
from bellpull.commands.waiting import wait_for_end
from bellpull.output import Output

_COLUMNS = ("id", "name", "provisioning_status", "type", "scheme", "dns_name", "created_at")
_PATH = "loadbalancers"


def add_parsers(subparsers: Any) -> None:
    """Add these commands."""
    parent = subparsers.add_parser("loadbalancers", help="load balancers")
    actions = parent.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="newest first")
    listing.add_argument("--status", dest="provisioning_status")
    listing.add_argument("--limit", type=int, default=20)
    listing.set_defaults(run=_list)
    show = actions.add_parser("show", help="everything about one")
    show.add_argument("id")
    show.set_defaults(run=_show)
    create = actions.add_parser("create", help="create one")
    create.add_argument("name")
    create.add_argument("--subnet", action="append", required=True, dest="subnet_ids")
    create.add_argument("--security-group", action="append", dest="security_group_ids")
    create.add_argument("--type", choices=["application", "network"])
    create.add_argument("--scheme", choices=["internal", "internet-facing"])
    create.set_defaults(run=_create)
    change = actions.add_parser("change", help="change one; what is not given stays")
    change.add_argument("id")
    change.add_argument("--name")
    change.add_argument("--subnet", action="append", dest="subnet_ids")
    change.add_argument("--security-group", action="append", dest="security_group_ids")
    change.set_defaults(run=_change)
    destroy = actions.add_parser("destroy", help="destroy one")
    destroy.add_argument("id")
    destroy.set_defaults(run=_destroy)
    add = actions.add_parser("add", help="take over one that exists upstream")
    add.add_argument("upstream_id")
    add.set_defaults(run=_add)
    for parser in (create, change):
        parser.add_argument("--tag", action="append", default=[], metavar="NAME=VALUE")
    for parser in (create, change, destroy, add):
        parser.add_argument("--wait", action="store_true", help="until its job has ended")


def _list(client: Client, output: Output, parsed: argparse.Namespace) -> int:
    asked = {"provisioning_status": parsed.provisioning_status}
    items = client.pages("load_balancers", _PATH, limit=parsed.limit, **asked)
    output.show_list(items, _COLUMNS)
    return 0


def _show(client: Client, output: Output, parsed: argparse.Namespace) -> int:
    output.show(client.get(_PATH, parsed.id))
    return 0


def _create(client: Client, output: Output, parsed: argparse.Namespace) -> int:
    return _follow(client, output, parsed, client.post(_PATH, body=_body(parsed)))


def _change(client: Client, output: Output, parsed: argparse.Namespace) -> int:
    return _follow(client, output, parsed, client.put(_PATH, parsed.id, body=_body(parsed)))


def _destroy(client: Client, output: Output, parsed: argparse.Namespace) -> int:
    return _follow(client, output, parsed, client.delete(_PATH, parsed.id))


def _add(client: Client, output: Output, parsed: argparse.Namespace) -> int:
    body = {"upstream_id": parsed.upstream_id}
    return _follow(client, output, parsed, client.post(_PATH, "add", body=body))


def _body(parsed: argparse.Namespace) -> dict[str, Any]:
    names = ("name", "subnet_ids", "security_group_ids", "type", "scheme")
    asked = {name: getattr(parsed, name, None) for name in names}
    if parsed.tag:
        asked["tags"] = dict(tag.partition("=")[::2] for tag in parsed.tag)
    return {name: value for name, value in asked.items() if value is not None}


def _follow(
    client: Client, output: Output, parsed: argparse.Namespace, accepted: dict[str, Any]
) -> int:
    if parsed.wait:
        return wait_for_end(client, output, accepted["job"]["id"], 3600.0)
    output.show(accepted["load_balancer"])
    return 0
