"""`bellpull tasks|queues|workers|schedules|audit`: what there is besides jobs."""

from __future__ import annotations

import argparse
from typing import Any

from bellpull.client import Client
from bellpull.commands.typed import read_count
from bellpull.output import Output

#: Command -> what it shows: path and name of the list in the answer, columns, help.
_LISTS: dict[str, tuple[str, tuple[str, ...], str]] = {
    "tasks": ("tasks", ("name", "queue", "is_public", "description"), "what jobs can run"),
    "queues": (
        "queues",
        ("name", "depth", "oldest_seconds", "in_flight", "delayed", "held"),
        "how much waits in which queue",
    ),
    "limits": (
        "limits",
        ("scope", "name", "paused_at", "rate_count", "rate_seconds", "at_once"),
        "which queues, tasks and upstreams are paused or limited",
    ),
    "circuit-breakers": (
        "circuit_breakers",
        ("upstream", "state", "failures", "last_error_type", "next_probe_at", "waiting"),
        "which upstreams are out of order",
    ),
    "workers": (
        "workers",
        ("hostname", "pid", "is_alive", "concurrency", "running", "queues", "last_heartbeat_at"),
        "who is there to work",
    ),
}
_PAGED: dict[str, tuple[str, tuple[str, ...], str]] = {
    "schedules": (
        "schedules",
        ("id", "name", "task", "cron", "every_seconds", "paused_at", "last_run_at"),
        "jobs that are made by the clock",
    ),
    "audit": (
        "entries",
        ("created_at", "action", "target", "token_id", "details"),
        "who did what",
    ),
}


def add_parsers(subparsers: Any) -> None:
    """Add these commands."""
    for command, (name, columns, text) in _LISTS.items():
        parser = subparsers.add_parser(command, help=text)
        parser.set_defaults(run=_list, command=command, name=name, columns=columns)
    for command, (name, columns, text) in _PAGED.items():
        parser = subparsers.add_parser(command, help=text)
        parser.add_argument("--limit", type=read_count, default=20)
        parser.set_defaults(run=_page, command=command, name=name, columns=columns)


def _list(client: Client, output: Output, parsed: argparse.Namespace) -> int:
    output.show_list(client.get(parsed.command)[parsed.name], parsed.columns)
    return 0


def _page(client: Client, output: Output, parsed: argparse.Namespace) -> int:
    items = client.pages(parsed.name, parsed.command, limit=parsed.limit)
    output.show_list(items, parsed.columns)
    return 0
