"""What an answer says of a job and of the attempts at it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

import msgspec

from chalicelib.domain.jobs import HELD, JobState
from chalicelib.schemas.views import View


class FallibleView(View, frozen=True, kw_only=True):
    """A view with a field `error`, whose trace admins alone may see."""

    @classmethod
    def from_row(cls, row: Any, *, is_admin: bool = False, **other: Any) -> Self:
        """`is_admin`: whether the reader may see the trace."""
        error = row.error
        if error is not None and not is_admin:
            error = {name: value for name, value in error.items() if name != "traceback"}
        return super().from_row(row, error=error, **other)


class JobView(FallibleView, frozen=True, kw_only=True):
    """One job in an answer."""

    id: str
    task: str
    queue: str
    state: JobState
    #: Keyword arguments of the task.
    parameters: dict[str, Any]
    attempts: int
    max_attempts: int
    created_at: datetime
    #: Null while nobody can say, see `held_by`.
    run_at: datetime | None
    #: When workers were last told of it; null while nobody has.
    rung_at: datetime | None
    started_at: datetime | None
    finished_at: datetime | None
    #: The worker that runs it, or ran it last.
    worker_id: str | None
    cancel_requested_at: datetime | None
    #: Jobs that share one run one at a time.
    key: str | None
    #: The job that it follows or was sent by.
    parent_id: str | None
    #: What it calls: the cloud of its project, with its place, if its task works there.
    upstream: str | None
    #: What it waits for besides a time: key, control (paused, or too many at once), rate, canvas,
    #: breaker (its upstream is out of order).
    held_by: str | None
    #: The newer job that took its place, and the older ones whose place it took.
    superseded_by: str | None
    supersedes: list[str]
    #: How far it has come, if its task tells: percent, message, steps.
    progress: dict[str, Any] | None
    #: The request that it comes from, as `X-Request-Id` said, and its W3C trace.
    request_id: str | None
    traceparent: str | None
    #: Seconds that an attempt may take, if this job says so itself.
    timeout_seconds: int | None
    tags: list[str]
    #: The token that submitted it.
    created_by: str | None
    result: Any
    error: dict[str, Any] | None

    @classmethod
    def from_row(cls, row: Any, *, is_admin: bool = False, **other: Any) -> Self:
        """`is_admin`: whether the reader may see the trace."""
        run_at = None if row.run_at == HELD else row.run_at
        lists = {"tags": row.tags or [], "supersedes": row.supersedes or []}
        return super().from_row(row, is_admin=is_admin, run_at=run_at, **lists, **other)


class AttemptView(FallibleView, frozen=True, kw_only=True):
    """One attempt that did not succeed in an answer."""

    id: str
    number: int
    worker_id: str | None
    started_at: datetime | None
    ended_at: datetime
    #: failed, lost, released or cancelled.
    outcome: str
    error: dict[str, Any] | None


class JobsAnswer(msgspec.Struct, frozen=True):
    """Answer with one page of jobs, newest first."""

    jobs: list[JobView]
    #: What `after` has to be for the next page; null on the last one.
    next: str | None
    #: How many there are on all pages; null if the request did not ask.
    total: int | None = None


class SubmittedAnswer(msgspec.Struct, frozen=True):
    """Answer to many jobs that were submitted."""

    #: In the order of the request; of a unique job that was there already, its id.
    job_ids: list[str]
    #: How many of them are new.
    created: int


class OrderedAnswer(msgspec.Struct, frozen=True):
    """Answer to an order for many jobs."""

    #: Jobs that it was given to; in a dry run, that it would be given to.
    matched: int
    #: Whether there are more: send the same order again.
    has_more: bool
    dry_run: bool


class AttemptsAnswer(msgspec.Struct, frozen=True):
    """Answer with the attempts at a job, oldest first."""

    attempts: list[AttemptView]
