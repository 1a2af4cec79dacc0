"""A delivered bell at the desk, and a pool that ends jobs when the test says so."""

from __future__ import annotations

import time
from typing import Any

from chalicelib.services.adoption import NewJob
from chalicelib.services.claims import Claim


class FakeRequest:
    """What the desk asks of a request; notes what was done with it."""

    def __init__(self, job_id: str, *, attempts_before: int = 0, new: NewJob | None = None) -> None:
        self.id = job_id
        self.attempts_before = attempts_before
        self.arrived_at = time.monotonic()
        self.worker_pid: int | None = None
        self.time_start: float | None = None
        #: launched, acknowledged, finished, put back or buried, in order.
        self.story: list[str] = []
        self._new = new

    def hold(self, claim_id: str) -> None:
        self.held = Claim(job_id=self.id, claim_id=claim_id, worker_id="worker-1")

    def foreign_job(self) -> NewJob | None:
        return self._new

    @property
    def is_foreign(self) -> bool:
        return self._new is not None

    def stays_in_pool(self) -> bool:
        return self.worker_pid is not None

    def launch(self, desk: Any, pool: Any) -> None:
        self.worker_pid = 4711
        self.story.append("launched")

    def acknowledge(self) -> None:
        self.story.append("acknowledged")

    def finish(self) -> None:
        self.story.append("finished")

    def put_back(self) -> None:
        self.story.append("put back")

    def bury(self, reason: str) -> None:
        self.story.append(f"buried: {reason}")


class FakePool:
    """Has room for so many jobs."""

    def __init__(self, num_processes: int) -> None:
        self.num_processes = num_processes
