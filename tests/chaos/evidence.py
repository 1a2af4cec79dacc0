"""Everything that is known of a run's jobs when it is over, read once."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Engine, Row, func, select

from chalicelib.db.engine import connect
from chalicelib.db.tables import attempts, jobs
from chalicelib.domain.jobs import FINAL, JobState
from tests.chaos.ledger import effects, lines, starts


@dataclass(frozen=True)
class Claimed:
    """One claim, from the statement that took the job to the one that ended it."""

    job_id: str
    worker_id: str
    begin: datetime
    #: None while it lasts.
    end: datetime | None
    outcome: str
    #: Which attempt it was, by the record.
    number: int
    #: Process that ran the task's code, if it came to that.
    pid: int | None = None


class Evidence:
    """Rows by job."""

    def __init__(self, engine: Engine) -> None:
        with connect(engine) as connection:
            columns = [column for column in jobs.c if column.name not in ("parameters", "message")]
            self.jobs = {row.id: row for row in connection.execute(select(*columns))}
            self.attempts = _by_job(connection.execute(select(attempts)).all())
            self.starts = _by_job(connection.execute(select(starts)).all())
            self.effects = _by_job(connection.execute(select(effects)).all())
            #: Jobs with keys, as they were submitted.
            in_order = select(lines.c.job_id).order_by(lines.c.id)
            self.keyed = list(connection.execute(in_order).scalars())
        self.claims = {job_id: self._claims_of(job_id) for job_id in self.jobs}
        #: Worker ids by the pid of the main process, as far as the ledger knows them.
        self.worker_ids: dict[int, set[str]] = defaultdict(set)
        for row in (row for rows in self.starts.values() for row in rows):
            self.worker_ids[row.main_pid].add(row.worker_id)

    def count_released(self, job_id: str) -> int:
        """Attempts that were taken back and not counted."""
        return sum(1 for row in self.attempts[job_id] if row.outcome == "released")

    def find_stray_starts(self, job_id: str) -> list[Row[Any]]:
        """Starts of code that no claim was the reason for, or told another attempt's number."""
        reasons = [(one, _find_reason(one, self.claims[job_id])) for one in self.starts[job_id]]
        return [start for start, claim in reasons if claim is None or claim.number != start.attempt]

    def _claims_of(self, job_id: str) -> list[Claimed]:
        row = self.jobs[job_id]
        found = [
            Claimed(job_id, one.worker_id, one.started_at, one.ended_at, one.outcome, one.number)
            for one in self.attempts[job_id]
        ]
        if row.state in (JobState.SUCCESS, JobState.STARTED):
            began, ended = row.started_at, row.finished_at
            found.append(Claimed(job_id, row.worker_id, began, ended, row.state, row.attempts))
        found.sort(key=lambda one: one.begin)
        pids = {_find_reason(start, found): start.pid for start in self.starts[job_id]}
        return [replace(claim, pid=pids.get(claim)) for claim in found]


def _find_reason(start: Row[Any], claims: list[Claimed]) -> Claimed | None:
    """The claim that a start belongs to: its worker's last one before it."""
    own = [c for c in claims if c.worker_id == start.worker_id and c.begin <= start.started_at]
    return own[-1] if own else None


def count_unfinished(engine: Engine) -> tuple[int, int]:
    """Jobs that have ended and jobs that have not."""
    final = sorted(state.value for state in FINAL)
    with connect(engine) as connection:
        query = select(jobs.c.state.in_(final).label("ended"), func.count()).group_by("ended")
        counts = {bool(ended): int(count) for ended, count in connection.execute(query)}
    return counts.get(True, 0), counts.get(False, 0)


def _by_job(rows: Any) -> defaultdict[str, list[Row[Any]]]:
    found: defaultdict[str, list[Row[Any]]] = defaultdict(list)
    for row in rows:
        found[row.job_id].append(row)
    return found
