"""`bellpull submit TASK name=value ...`."""

from __future__ import annotations

import argparse
import json
import sys
from typing import Any

from bellpull.client import Client
from bellpull.commands.typed import read_seconds
from bellpull.commands.waiting import wait_for_end
from bellpull.output import Output


def add_parsers(subparsers: Any) -> None:
    """Add this command."""
    parser = subparsers.add_parser("submit", help="submit a job")
    parser.add_argument("task", help="see `bellpull tasks`")
    parser.add_argument(
        "parameters",
        nargs="*",
        metavar="NAME=VALUE",
        help="a parameter: JSON, or text if it is none; - reads all of them as JSON from stdin",
    )
    parser.add_argument("--queue", help="instead of the task's own")
    parser.add_argument("--key", help="jobs of one key run one at a time, in order")
    parser.add_argument("--supersede", action="store_true", help="take the place of waiting ones")
    parser.add_argument("--unique", action="store_true", help="not beside an unfinished twin")
    parser.add_argument("--tag", action="append", dest="tags", metavar="TAG")
    when = parser.add_mutually_exclusive_group()
    when.add_argument("--at", dest="run_at", help="not before: 2027-01-31T08:30:00Z")
    when.add_argument("--delay", dest="delay_seconds", type=read_seconds, metavar="SECONDS")
    parser.add_argument("--max-attempts", type=int)
    parser.add_argument("--timeout", dest="timeout_seconds", type=int, metavar="SECONDS")
    parser.add_argument("--idempotency-key", help="makes repeating this command harmless")
    parser.add_argument(
        "--wait",
        nargs="?",
        type=read_seconds,
        const=3600.0,
        metavar="SECONDS",
        help="until it has ended, an hour if no time is given",
    )
    parser.set_defaults(run=_submit)


_SENT = ("queue", "key", "tags", "run_at", "delay_seconds", "max_attempts", "timeout_seconds")


def _submit(client: Client, output: Output, parsed: argparse.Namespace) -> int:
    try:
        parameters = read_parameters(parsed.parameters)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 2
    body: dict[str, Any] = {"task": parsed.task, "parameters": parameters}
    body |= {name: value for name in _SENT if (value := getattr(parsed, name)) is not None}
    body |= {name: True for name in ("unique", "supersede") if getattr(parsed, name)}
    job = client.post("jobs", body=body, key=parsed.idempotency_key)
    if parsed.wait is not None:
        return wait_for_end(client, output, job["id"], parsed.wait)
    output.show(job)
    return 0


def read_parameters(words: list[str]) -> dict[str, Any]:
    """The parameters that were typed. Raises ValueError with what is wrong."""
    if words == ["-"]:
        try:
            value = json.load(sys.stdin)
        except ValueError as error:
            raise ValueError(f"What came on stdin is not JSON: {error}.") from None
        if not isinstance(value, dict):
            raise ValueError("Expected a JSON object on stdin.")
        return value
    parameters: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals:
            raise ValueError(f"Expected NAME=VALUE, not {word}.")
        try:
            parameters[name] = json.loads(text)
        except ValueError:
            parameters[name] = text
    return parameters
