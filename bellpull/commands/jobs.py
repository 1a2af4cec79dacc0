"""`bellpull jobs list|show|attempts|wait|cancel|retry` and `bellpull tail`."""

from __future__ import annotations

import argparse
import time
from typing import Any

from bellpull.client import Client
from bellpull.commands.typed import read_count, read_seconds
from bellpull.commands.waiting import wait_for_end
from bellpull.output import Output

_COLUMNS = ("id", "state", "task", "queue", "attempts", "created_at", "finished_at", "tags")
_CRITERIA = ("state", "task", "queue", "key", "tag", "created_after", "created_before")
_TAIL_SECONDS = 1.0


def add_parsers(subparsers: Any) -> None:
    """Add these commands."""
    jobs = subparsers.add_parser("jobs", help="look at jobs, cancel and retry them")
    actions = jobs.add_subparsers(required=True, metavar="ACTION")
    listing = actions.add_parser("list", help="newest first")
    _add_criteria(listing)
    listing.add_argument("--limit", type=read_count, default=20)
    listing.set_defaults(run=_list)
    for name, run, text in (
        ("show", _show, "everything about a job"),
        ("attempts", _attempts, "the attempts that did not succeed"),
    ):
        parser = actions.add_parser(name, help=text)
        parser.add_argument("id")
        parser.set_defaults(run=run)
    wait = actions.add_parser("wait", help="until a job has ended; the exit status says how")
    wait.add_argument("id")
    wait.add_argument("--timeout", type=read_seconds, default=3600.0, metavar="SECONDS")
    wait.set_defaults(run=_wait)
    for verb in ("cancel", "retry"):
        parser = actions.add_parser(verb, help=f"{verb} one job, or all that match")
        parser.add_argument("id", nargs="?")
        _add_criteria(parser)
        parser.add_argument("--dry-run", action="store_true", help="only count")
        parser.set_defaults(run=_order, verb=verb)
    tail = subparsers.add_parser("tail", help="follow jobs as they change, until Ctrl-C")
    _add_criteria(tail)
    tail.set_defaults(run=_tail)


def _add_criteria(parser: argparse.ArgumentParser) -> None:
    for name in _CRITERIA:
        parser.add_argument(f"--{name.replace('_', '-')}")


def _criteria(parsed: argparse.Namespace) -> dict[str, Any]:
    asked = {name: getattr(parsed, name) for name in _CRITERIA}
    return {name: value for name, value in asked.items() if value is not None}


def _list(client: Client, output: Output, parsed: argparse.Namespace) -> int:
    jobs = client.pages("jobs", "jobs", limit=parsed.limit, **_criteria(parsed))
    output.show_list(jobs, _COLUMNS)
    return 0


def _show(client: Client, output: Output, parsed: argparse.Namespace) -> int:
    output.show(client.get("jobs", parsed.id))
    return 0


def _attempts(client: Client, output: Output, parsed: argparse.Namespace) -> int:
    found = client.get("jobs", parsed.id, "attempts")["attempts"]
    for attempt in found:
        attempt["message"] = (attempt.get("error") or {}).get("message")
    output.show_list(found, ("number", "outcome", "started_at", "ended_at", "message"))
    return 0


def _wait(client: Client, output: Output, parsed: argparse.Namespace) -> int:
    return wait_for_end(client, output, parsed.id, parsed.timeout)


def _order(client: Client, output: Output, parsed: argparse.Namespace) -> int:
    """One job by its id, or all that match, a thousand at a time."""
    criteria = _criteria(parsed)
    if parsed.id is not None and not criteria and not parsed.dry_run:
        output.show(client.post("jobs", parsed.id, parsed.verb))
        return 0
    if parsed.id is not None:
        output.complain("Give either an id or criteria.")
        return 2
    matched, has_more = 0, True
    while has_more:
        body = {**criteria, "dry_run": parsed.dry_run}
        answer = client.post("jobs", parsed.verb, body=body)
        matched += answer["matched"]
        has_more = answer["has_more"]
    output.show({"matched": matched, "dry_run": parsed.dry_run})
    return 0


def _tail(client: Client, output: Output, parsed: argparse.Namespace) -> int:
    seen: dict[str, tuple[str, int]] = {}
    is_first = True
    while True:
        page = client.get("jobs", limit=100, **_criteria(parsed))["jobs"]
        changed = []
        for job in reversed(page):
            now = (job["state"], job["attempts"])
            if seen.get(job["id"]) != now and not is_first:
                changed.append(job)
            seen[job["id"]] = now
        for job in changed:
            _tell(output, job)
        kept = {job["id"] for job in page}
        seen = {job_id: known for job_id, known in seen.items() if job_id in kept}
        is_first = False
        time.sleep(_TAIL_SECONDS)


def _tell(output: Output, job: dict[str, Any]) -> None:
    if output.is_json:
        output.show(job)
        return
    told = (job.get("error") or {}).get("message") or ""
    output.say(f"{job['id']}  {job['state']:8} {job['task']} attempt {job['attempts']}  {told}")
