"""The commands: read what was typed, ask the API, write the answer, choose the exit status."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from bellpull import __version__
from bellpull.client import ApiProblem, Client, Unreachable
from bellpull.commands import fleet, jobs, load_balancers, servers, submit
from bellpull.output import Output

_EPILOG = """\
environment:
  BELLPULL_URL, BELLPULL_TOKEN   where the API is, and who you are (or API_URL, API_TOKEN)

exit status:
  0  done
  1  a job that was waited for ended as FAILURE or REVOKED, or the output cannot be written
  2  the command was not understood
  3  the API refused it: not found, not valid, not permitted by its state
  4  the token is not valid, or does not permit it
  5  the API cannot be reached, or is out of order
  6  the job has not ended in the time that was waited
"""


def main(arguments: Sequence[str]) -> int:
    """Run one command; returns the exit status."""
    parser = make_parser()
    parsed = parser.parse_args(arguments)
    if not (parsed.url and parsed.token):
        parser.error("set BELLPULL_URL and BELLPULL_TOKEN, or give --url and --token")
    try:
        status: int = parsed.run(
            Client(parsed.url, parsed.token), Output(is_json=parsed.json), parsed
        )
        sys.stdout.flush()
    except ApiProblem as problem:
        return _explain(problem)
    except Unreachable as error:
        sys.stderr.write(f"{error}\n")
        return 5
    except BrokenPipeError:  # whoever read us has seen enough
        _drop_output()
        return 0
    except OSError as error:  # a full disk
        _drop_output()
        sys.stderr.write(f"Standard input or output failed: {error.strerror or error}.\n")
        return 1
    except KeyboardInterrupt:
        return 130
    return status


def make_parser() -> argparse.ArgumentParser:
    """What may be typed."""
    parser = argparse.ArgumentParser(
        prog="bellpull",
        description="Submit jobs, look at them, order them about.",
        epilog=_EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    environ = os.environ
    url = environ.get("BELLPULL_URL") or environ.get("API_URL")
    token = environ.get("BELLPULL_TOKEN") or environ.get("API_TOKEN")
    parser.add_argument("--version", action="version", version=f"bellpull {__version__}")
    parser.add_argument("--url", default=url, help="where the API is")
    parser.add_argument("--token", default=token, help="better in BELLPULL_TOKEN")
    parser.add_argument("--json", action="store_true", help="one JSON object a line, for scripts")
    subparsers = parser.add_subparsers(required=True, metavar="COMMAND")
    for module in (submit, jobs, fleet, load_balancers, servers):
        module.add_parsers(subparsers)
    return parser


def _drop_output() -> None:
    """What Python still holds must not fail again at the exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _explain(problem: ApiProblem) -> int:
    sys.stderr.write(f"{problem}\n")
    for error in problem.body.get("errors", []):
        place = error.get("pointer") or error.get("parameter")
        sys.stderr.write(f"  {place}: {error.get('detail')}\n")
    if problem.status in (401, 403):
        return 4
    return 5 if problem.status >= 500 or problem.status == 429 else 3
