"""How far a running job has come, as its task tells it."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

import msgspec
from sqlalchemy import Engine, update

from chalicelib.db.engine import connect
from chalicelib.db.tables import jobs


class Step(msgspec.Struct, kw_only=True):
    """One of the steps that a task says it consists of."""

    name: str
    state: Literal["waiting", "running", "done"] = "waiting"


class Progress(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What the record keeps of it, in JSON."""

    #: 0 to 100; None if the task does not know.
    percent: float | None = None
    message: str | None = None
    steps: list[Step] = []
    #: The attempt that told it.
    attempt: int
    #: When it was told, by the worker's clock.
    at: datetime


def write_progress(engine: Engine, job_id: str, claim_id: str, progress: Progress) -> None:
    """Keep the progress, if the job is still this claim's. Raises DatabaseUnavailable."""
    with connect(engine) as connection:
        connection.execute(
            update(jobs)
            .where(jobs.c.id == job_id, jobs.c.claim_id == claim_id)
            .values(progress=progress)
        )
