"""What the tasks of every kind of record do: make it upstream, change, destroy, adopt it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any, TypeVar

from chalicelib.domain.records import Observed
from chalicelib.errors import JobCancelled, RetryableError
from chalicelib.services.record_kinds import RecordKind
from chalicelib.services.upstream_notes import note_upstream
from chalicelib.settings import Settings, get_settings
from worker import process
from worker.tasks.base import Job
from worker.upstream.errors import UpstreamNotFound
from worker.upstream.protocol import Upstream
from worker.upstream.waiting import wait_until_active

logger = logging.getLogger(__name__)

Spec = TypeVar("Spec")
Change = TypeVar("Change")
Seen = TypeVar("Seen", bound=Observed)
Built = TypeVar("Built")


def choose_upstream(
    job: Job, kind: RecordKind, record_id: str, build: Callable[[Settings, str], Built]
) -> Built:
    """The upstream that the record was begun in, else the one that settings say for its project.

    `build`: makes it; one for all jobs that share it in this process.
    """
    chosen = get_settings().upstream_of(job.project_id)
    where = note_upstream(process.engine(), kind.table, record_id, job.id, chosen)
    built: Built = _build(build, where)
    return built


@lru_cache(maxsize=64)
def _build(build: Callable[[Settings, str], Any], where: str) -> Any:
    return build(get_settings(), where)


def create(job: Job, upstream: Upstream[Spec, Any, Seen], token: str, spec: Spec) -> Seen:
    """Make it upstream, or find what an earlier attempt made, and wait until it is active.

    `token`: the record's id, which makes the upstream's create idempotent.
    """
    try:
        return wait(job, upstream, upstream.create(token, spec))
    except JobCancelled:
        _undo(upstream, token)
        raise


def update(
    job: Job, upstream: Upstream[Any, Change, Seen], upstream_id: str, change: Change
) -> Seen:
    """Make it match the change."""
    return wait(job, upstream, upstream.update(upstream_id, change))


def destroy(
    upstream: Upstream[Any, Any, Seen], token: str, upstream_id: str | None
) -> dict[str, str | None]:
    """Remove it, whether its id is known or only the token that it was to be made with."""
    if upstream_id is None:
        found = upstream.find(token)
        upstream_id = found.upstream_id if found else None
    if upstream_id is not None:
        upstream.delete(upstream_id)
    return {"upstream_id": upstream_id}


def add(job: Job, upstream: Upstream[Any, Any, Seen], upstream_id: str, word: str) -> Seen:
    """Look at one that exists; its record takes over what is seen. `word`: what it is."""
    try:
        seen = upstream.get(upstream_id)
    except UpstreamNotFound as error:
        raise UpstreamNotFound(
            f"There is no {word} {upstream_id} upstream: "
            "check the id, and that it is in the region that this system works in."
        ) from error
    return wait(job, upstream, seen)


def wait(job: Job, upstream: Upstream[Any, Any, Seen], seen: Seen) -> Seen:
    """Wait until it is active, and tell meanwhile what is waited for."""
    began = time.monotonic()
    job.note_answer()

    def tell(seen: Seen) -> None:
        if seen.status == "provisioning":
            seconds = time.monotonic() - began
            job.progress(message=f"{seen.upstream_id} is provisioning since {seconds:.0f} s")

    tell(seen)
    return wait_until_active(upstream, seen, on_look=tell)


def _undo(upstream: Upstream[Any, Any, Any], token: str) -> None:
    """Destroy what a cancelled create had made; if that fails the record still says ERROR."""
    try:
        if found := upstream.find(token):
            upstream.delete(found.upstream_id)
            logger.info("cancelled create undone: upstream_id=%s", found.upstream_id)
    except RetryableError as error:
        logger.warning("cancelled create not undone: token=%s error=%s", token, error)
