"""The operator's commands: migrate, queues, tokens."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from chalicelib.errors import BellpullError
from worker.commands import migrate, queues, tokens


def main(arguments: Sequence[str]) -> int:
    """Run one command; errors are one line on stderr and exit status 1."""
    parser = argparse.ArgumentParser(prog="python -m worker", description=__doc__)
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for command in (migrate, queues, tokens):
        command.add_parser(subparsers)
    parsed = parser.parse_args(arguments)
    try:
        parsed.run(parsed)
    except BellpullError as error:
        cause = f" ({error.__cause__})" if error.__cause__ else ""
        print(f"{error.message}{cause}", file=sys.stderr)
        return 1
    return 0
