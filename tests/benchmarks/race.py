"""One run: a full queue, one worker program, and how many jobs a second it finished."""

from __future__ import annotations

import time
from dataclasses import dataclass

from infra.local.servers.process import GuardedProcess
from tests.benchmarks.arithmetic import rate_of
from tests.benchmarks.contestants import Contestant
from tests.benchmarks.feeding import insert_rows, make_jobs, send
from tests.benchmarks.lab import Lab, Room, make_sqs

#: How often the number of finished jobs is read.
_LOOK_SECONDS = 0.05


@dataclass(frozen=True)
class Heat:
    """What is asked of every contestant of a race."""

    jobs: int
    #: How long the work is watched, from the first job that is finished.
    window_seconds: float
    #: How long it may take, its start included.
    limit_seconds: float
    sleep_seconds: float = 0.0


class TooSlow(Exception):
    """It finished too little in the time that it was given."""


def run(lab: Lab, contestant: Contestant, heat: Heat, room: Room | None = None) -> float:
    """Jobs a second. `room`: where finished rows are already; else a new one.

    Raises TooSlow, with what the worker said.
    """
    if room is None:
        with lab.room() as own:
            return run(lab, contestant, heat, own)
    fill(lab, contestant, room, heat.jobs, heat.sleep_seconds)
    began = time.monotonic()
    since = str(lab.rows(room, "SELECT UTC_TIMESTAMP(6)")[0][0])
    with lab.running(contestant.command, room, contestant.environment) as process:
        if contestant.has_rows:
            finished = _watch_rows(lab, room, process, heat, since)
        else:
            finished = _watch_results(lab, room, process, heat)
    try:
        return rate_of(finished)
    except ValueError as error:
        spent = time.monotonic() - began
        said = lab.told(room)
        raise TooSlow(f"{contestant.label}: {error}, {spent:.0f} s: {said}") from error


def fill(
    lab: Lab, contestant: Contestant, room: Room, count: int, sleep_seconds: float = 0.0
) -> None:
    """Put jobs into a room: rows if it works on rows, and messages."""
    jobs = make_jobs(count, sleep_seconds)
    if contestant.has_rows:
        insert_rows(lab.database, room, jobs)
    send(make_sqs(lab.sqs_url), room, contestant.encode(room.queue, jobs))


class _Watch:
    """Says when to stop looking: all is done, the window is over, or the worker has ended."""

    def __init__(self, process: GuardedProcess, heat: Heat) -> None:
        self._process, self._heat = process, heat
        self._deadline = time.monotonic() + heat.limit_seconds
        self._has_begun = False

    def is_over(self, finished: int) -> bool:
        """Whether so many finished jobs are enough."""
        if finished and not self._has_begun:
            self._has_begun = True
            window = time.monotonic() + self._heat.window_seconds
            self._deadline = min(self._deadline, window)
        is_done = finished >= self._heat.jobs or self._process.status is not None
        return is_done or time.monotonic() > self._deadline


def _watch_rows(
    lab: Lab, room: Room, process: GuardedProcess, heat: Heat, since: str
) -> list[float]:
    """When each job was finished, by the database's clock."""
    watch = _Watch(process, heat)
    count = "SELECT COUNT(*) FROM jobs WHERE finished_at >= %s"
    with lab.database.cursor(room.database) as cursor:
        while True:
            time.sleep(5 * _LOOK_SECONDS)
            cursor.execute(count, (since,))
            if watch.is_over(int(cursor.fetchall()[0][0])):
                break
    times = "SELECT UNIX_TIMESTAMP(finished_at) FROM jobs WHERE finished_at >= %s ORDER BY 1"
    return [float(row[0]) for row in lab.rows(room, times, [since])]


def _watch_results(lab: Lab, room: Room, process: GuardedProcess, heat: Heat) -> list[float]:
    """When each job was seen finished: Celery's own table knows whole seconds only."""
    watch, finished = _Watch(process, heat), list[float]()
    with lab.database.cursor(room.database) as cursor:
        while not watch.is_over(len(finished)):
            time.sleep(_LOOK_SECONDS)
            cursor.execute("SHOW TABLES LIKE 'celery_taskmeta'")
            if cursor.fetchall():
                cursor.execute("SELECT COUNT(*) FROM celery_taskmeta WHERE status = 'SUCCESS'")
                seen = int(cursor.fetchall()[0][0])
                finished += [time.monotonic()] * (seen - len(finished))
    return finished
