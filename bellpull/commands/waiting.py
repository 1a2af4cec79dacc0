"""Waits for the end of a job, and shows how far it has come."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from typing import Any

from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

from bellpull.client import Client
from bellpull.output import Output

_FINAL = frozenset({"SUCCESS", "FAILURE", "REVOKED"})
#: Seconds of one request that waits; progress is shown at least this often.
_STEP_SECONDS = 2.0


def wait_for_end(client: Client, output: Output, job_id: str, seconds: float) -> int:
    """Wait until the job has ended, show it, and return the exit status."""
    try:
        job = _follow(client, output, job_id, time.monotonic() + seconds)
    except KeyboardInterrupt:
        output.complain(f"The job goes on: bellpull jobs wait {job_id}")
        raise
    output.show(job)
    if job["state"] not in _FINAL:
        return 6
    return 0 if job["state"] == "SUCCESS" else 1


def _follow(client: Client, output: Output, job_id: str, until: float) -> dict[str, Any]:
    with _bar(output) as show:
        job: dict[str, Any] = client.get("jobs", job_id)
        show(job)
        while job["state"] not in _FINAL and (left := until - time.monotonic()) > 0:
            wait = round(min(_STEP_SECONDS, left), 2)
            job = client.get("jobs", job_id, wait=wait, state=job["state"])
            show(job)
    return job


@contextlib.contextmanager
def _bar(output: Output) -> Iterator[Any]:
    """A progress bar on a terminal, nothing elsewhere."""
    if output.is_json or not output.console.is_terminal:
        yield lambda job: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn())
    with Progress(*columns, console=output.console, transient=True) as progress:
        bar = progress.add_task("", total=None)

        def show(job: dict[str, Any]) -> None:
            told = job.get("progress") or {}
            total, done = told.get("total"), told.get("done")
            words = f"{job['task']} {job['state']} {told.get('message') or ''}".rstrip()
            progress.update(bar, description=words, total=total, completed=done or 0)

        yield show
