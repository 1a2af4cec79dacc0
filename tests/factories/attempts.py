"""Attempts that did not succeed."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Row

from chalicelib.db.clock import now
from chalicelib.db.tables import attempts
from chalicelib.domain.ids import new_id
from tests.factories.rows import Target, insert_row, read_rows


def create_attempt(target: Target, job_id: str, **overrides: Any) -> Row[Any]:
    """A failed first attempt at a job."""
    values: dict[str, Any] = {
        "id": new_id(),
        "job_id": job_id,
        "number": 1,
        "worker_id": "worker-1",
        "started_at": now(),
        "ended_at": now(),
        "outcome": "failed",
        "error": {"type": "RuntimeError", "message": "no", "retryable": True},
    }
    return insert_row(target, attempts, values | overrides)


def read_attempts(target: Target, job_id: str) -> list[Row[Any]]:
    """The attempts at a job that did not succeed, in the order in which they ended."""
    return sorted(read_rows(target, attempts, job_id=job_id), key=lambda row: row.ended_at)
