"""`AsyncResult.revoke()`: cancels the job. There is no other remote control on SQS."""

from __future__ import annotations

import logging
from contextlib import suppress
from typing import Any

from celery.app.control import Control
from sqlalchemy import select

from chalicelib.db.engine import connect
from chalicelib.db.tables import jobs
from chalicelib.errors import ImmutableObject, NotFound
from chalicelib.services import job_orders
from worker import process

logger = logging.getLogger(__name__)


class JobsControl(Control):  # type: ignore[misc]  # celery has no types
    """Celery's control of workers, of which the record can do this."""

    def revoke(self, task_id: str | list[str], *_: Any, **options: Any) -> None:
        """Cancel jobs: one that waits at once, one that runs on its worker's next beat.

        Nothing happens to jobs that have ended, or that no worker has seen yet.
        """
        ids = [task_id] if isinstance(task_id, str) else list(task_id)
        engine = process.engine()
        with connect(engine) as connection:
            query = select(jobs.c.project_id, jobs.c.id).where(jobs.c.id.in_(ids))
            found = connection.execute(query).all()
        for row in found:
            with suppress(ImmutableObject, NotFound):
                job_orders.cancel(engine, row.project_id, row.id)
