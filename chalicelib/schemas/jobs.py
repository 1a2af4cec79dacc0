"""What an answer says of a job and of the attempts at it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Self

import msgspec

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
    state: str
    #: Keyword arguments of the task.
    parameters: dict[str, Any]
    attempts: int
    max_attempts: int
    created_at: datetime
    run_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested_at: datetime | None
    result: Any
    error: dict[str, Any] | None


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


class JobAnswer(msgspec.Struct, frozen=True):
    """Answer with one job."""

    job: JobView


class AttemptsAnswer(msgspec.Struct, frozen=True):
    """Answer with the attempts at a job, oldest first."""

    attempts: list[AttemptView]
