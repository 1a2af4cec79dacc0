"""What commands about load balancers and about servers have in common."""

from __future__ import annotations

import argparse
from functools import partial
from typing import Any, NamedTuple

from bellpull.client import Client
from bellpull.commands.typed import read_count, read_pair
from bellpull.commands.waiting import wait_for_end
from bellpull.output import Output


class Noun(NamedTuple):
    """A kind of record: how the API and people call it."""

    #: In the API's paths, and as a command: servers.
    path: str
    #: In the API's answers: server, and of a list: servers.
    name: str
    plural: str
    #: In sentences.
    words: str
    columns: tuple[str, ...]
    #: What is sent of a new or a changed one, besides tags.
    fields: tuple[str, ...]


class Actions(NamedTuple):
    """Where more is added: actions, and what is particular to a new one and a changed one."""

    all: Any
    create: argparse.ArgumentParser
    change: argparse.ArgumentParser


def add_actions(subparsers: Any, noun: Noun) -> Actions:
    """Add the command with what can be done to any record."""
    parent = subparsers.add_parser(noun.path, help=noun.words)
    actions = parent.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="newest first")
    listing.add_argument("--status", dest="provisioning_status")
    listing.add_argument("--limit", type=read_count, default=20)
    listing.set_defaults(run=partial(_list, noun))
    show = actions.add_parser("show", help="everything about one")
    show.add_argument("id")
    show.set_defaults(run=partial(_show, noun))
    destroy = actions.add_parser("destroy", help="destroy one")
    destroy.add_argument("id")
    destroy.set_defaults(run=partial(_destroy, noun))
    add = actions.add_parser("add", help="take over one that exists upstream")
    add.add_argument("upstream_id")
    add.set_defaults(run=partial(_add, noun))
    create = actions.add_parser("create", help="create one")
    create.add_argument("name")
    create.set_defaults(run=partial(_create, noun))
    change = actions.add_parser("change", help="change one; what is not given stays")
    change.add_argument("id")
    change.add_argument("--name")
    change.set_defaults(run=partial(_change, noun))
    for parser in (create, change):
        parser.add_argument("--security-group", action="append", dest="security_group_ids")
        parser.add_argument(
            "--tag", action="append", default=[], type=read_pair, metavar="NAME=VALUE"
        )
    for parser in (destroy, add, create, change):
        add_wait(parser)
    return Actions(actions, create, change)


def add_wait(parser: argparse.ArgumentParser) -> None:
    """Let the end of the job be waited for."""
    parser.add_argument("--wait", action="store_true", help="until its job has ended")


def follow(
    noun: Noun, client: Client, output: Output, parsed: argparse.Namespace, accepted: dict[str, Any]
) -> int:
    """Show the record of what was accepted, or wait for the end of its job."""
    if parsed.wait:
        return wait_for_end(client, output, accepted["job"]["id"], 3600.0)
    output.show(accepted[noun.name])
    return 0


def _list(noun: Noun, client: Client, output: Output, parsed: argparse.Namespace) -> int:
    asked = {"provisioning_status": parsed.provisioning_status}
    items = client.pages(noun.plural, noun.path, limit=parsed.limit, **asked)
    output.show_list(items, noun.columns)
    return 0


def _show(noun: Noun, client: Client, output: Output, parsed: argparse.Namespace) -> int:
    output.show(client.get(noun.path, parsed.id))
    return 0


def _destroy(noun: Noun, client: Client, output: Output, parsed: argparse.Namespace) -> int:
    return follow(noun, client, output, parsed, client.delete(noun.path, parsed.id))


def _add(noun: Noun, client: Client, output: Output, parsed: argparse.Namespace) -> int:
    accepted = client.post(noun.path, "add", body={"upstream_id": parsed.upstream_id})
    return follow(noun, client, output, parsed, accepted)


def _create(noun: Noun, client: Client, output: Output, parsed: argparse.Namespace) -> int:
    accepted = client.post(noun.path, body=_read_body(noun, parsed))
    return follow(noun, client, output, parsed, accepted)


def _change(noun: Noun, client: Client, output: Output, parsed: argparse.Namespace) -> int:
    accepted = client.put(noun.path, parsed.id, body=_read_body(noun, parsed))
    return follow(noun, client, output, parsed, accepted)


def _read_body(noun: Noun, parsed: argparse.Namespace) -> dict[str, Any]:
    """What was given of it."""
    asked = {name: getattr(parsed, name, None) for name in noun.fields}
    if parsed.tag:
        asked["tags"] = dict(parsed.tag)
    return {name: value for name, value in asked.items() if value is not None}
