"""The limit and the schedules of a run."""

from __future__ import annotations

import time

from sqlalchemy import Engine

from chalicelib.broker.contracts import all_contracts
from chalicelib.domain.schedules import ScheduleSpec
from chalicelib.errors import DatabaseUnavailable
from chalicelib.services import schedules
from chalicelib.services.controls import Limit, set_limit
from tests.chaos.kinds import LIMITED, SCHEDULED

LIMIT = Limit(rate_count=4, rate_seconds=2, at_once=3)
#: Of each schedule.
EVERY_SECONDS = (2, 5)
_PROJECT = "acme"


class Flow:
    """What is said of tasks in the record before a run begins."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.schedule_ids: dict[str, int] = {}
        for kind in (LIMITED, SCHEDULED):
            all_contracts().setdefault(kind.contract.name, kind.contract)

    def begin(self) -> None:
        """Limit a task, and schedule another."""
        set_limit(self._engine, "task", LIMITED.contract.name, LIMIT)
        for seconds in EVERY_SECONDS:
            wanted = ScheduleSpec(
                name=f"every {seconds} s",
                task=SCHEDULED.contract.name,
                parameters={"number": seconds},
                every_seconds=seconds,
            )
            made = schedules.create(self._engine, _PROJECT, wanted)
            self.schedule_ids[made.id] = seconds

    def stop_schedules(self) -> None:
        """Make no more jobs; waits for a database that is away."""
        for schedule_id in self.schedule_ids:
            while True:
                try:
                    schedules.pause(self._engine, _PROJECT, schedule_id)
                    break
                except DatabaseUnavailable:
                    time.sleep(0.5)
