"""One run: a full queue, one worker program, and how many jobs a second it finished."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from infra.local.servers.process import GuardedProcess
from tests.benchmarks import cpu
from tests.benchmarks.arithmetic import rate_of
from tests.benchmarks.contestants import Contestant
from tests.benchmarks.feeding import insert_rows, make_jobs, send
from tests.benchmarks.lab import Lab, Room, make_sqs
from tests.benchmarks.watching import count_done, refuse_failures

#: How often the number of finished jobs is read.
_LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class Heat:
    """What is asked of every contestant of a race."""

    jobs: int
    #: How long the work is watched, from the first job that is finished.
    window_seconds: float
    #: How long it may take, its start included.
    limit_seconds: float
    sleep_seconds: float = 0.0


@dataclass(frozen=True)
class Outcome:
    """What a run found."""

    #: Jobs a second.
    rate: float
    #: Milliseconds of CPU a job: of the worker's processes, of SQS, of the database. Unlike
    #: the rate it hardly depends on what else the machine does. Empty where it cannot be read.
    cpu: dict[str, float] = field(default_factory=dict)


class TooSlow(Exception):
    """It finished too little in the time that it was given."""


def run(lab: Lab, contestant: Contestant, heat: Heat, room: Room | None = None) -> Outcome:
    """Run it in `room`, where finished rows may be already, or in a new one.

    Raises TooSlow or JobFailed, with what the worker said.
    """
    if room is None:
        with lab.room() as own:
            return run(lab, contestant, heat, own)
    lab.clear(room)
    fill(lab, contestant, room, heat.jobs, heat.sleep_seconds)
    began = time.monotonic()
    since = str(lab.rows(room, "SELECT UTC_TIMESTAMP(6)")[0][0])
    with lab.running(contestant.command, room, contestant.environment) as process:
        watch = _Watch(lab, process, heat)
        if contestant.has_rows:
            finished = _watch_rows(lab, room, watch, since)
        else:
            finished = _watch_results(lab, room, watch)
    try:
        return Outcome(rate_of(finished), watch.cpu_per_job())
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
    """Says when to stop looking: all is done, the window is over, or the worker has ended.

    Reads the CPU when a tenth of the jobs is done, and at the end.
    """

    def __init__(self, lab: Lab, process: GuardedProcess, heat: Heat) -> None:
        self._process, self._heat = process, heat
        self._groups: dict[str, Callable[[], int]] = {
            "worker": lambda: process.pid,
            "sqs": lambda: lab.pid_of(lab.server),
            "database": lambda: lab.pid_of(lab.database),
        }
        self._deadline = time.monotonic() + heat.limit_seconds
        self._has_begun = False
        #: Jobs finished and seconds of CPU spent, at the first and at the last reading.
        self._readings: list[tuple[int, dict[str, float]]] = []

    def is_over(self, finished: int) -> bool:
        """Whether so many finished jobs are enough."""
        if finished and not self._has_begun:
            self._has_begun = True
            window = time.monotonic() + self._heat.window_seconds
            self._deadline = min(self._deadline, window)
        has_ended = self._process.status is not None
        is_last = has_ended or finished >= self._heat.jobs or time.monotonic() > self._deadline
        if is_last or (not self._readings and finished >= self._heat.jobs // 10):
            self._read(finished)
        return is_last

    def cpu_per_job(self) -> dict[str, float]:
        """Milliseconds between the two readings, by job."""
        if len(self._readings) < 2:
            return {}
        (few, before), (many, after) = self._readings[0], self._readings[-1]
        return {name: 1000 * (after[name] - before[name]) / (many - few) for name in after}

    def _read(self, finished: int) -> None:
        if cpu.can_read() and (not self._readings or finished > self._readings[0][0]):
            spent = {name: cpu.read_seconds(pid()) for name, pid in self._groups.items()}
            self._readings.append((finished, spent))


def _watch_rows(lab: Lab, room: Room, watch: _Watch, since: str) -> list[float]:
    """When each job succeeded, by the database's clock."""
    with lab.database.cursor(room.database) as cursor:
        while True:
            time.sleep(_LOOK_SECONDS)
            if watch.is_over(count_done(lab, room, cursor, since)):
                break
    times = """
    SELECT UNIX_TIMESTAMP(finished_at) FROM jobs
    WHERE finished_at >= %s AND state = 'SUCCESS' ORDER BY 1
    """
    return [float(row[0]) for row in lab.rows(room, times, [since])]


def _watch_results(lab: Lab, room: Room, watch: _Watch) -> list[float]:
    """When each job was seen finished: Celery's own table knows whole seconds only."""
    finished = list[float]()
    with lab.database.cursor(room.database) as cursor:
        while not watch.is_over(len(finished)):
            time.sleep(_LOOK_SECONDS)
            cursor.execute("SHOW TABLES LIKE 'celery_taskmeta'")
            if cursor.fetchall():
                cursor.execute("SELECT status, COUNT(*) FROM celery_taskmeta GROUP BY status")
                seen = {status: int(number) for status, number in cursor.fetchall()}
                refuse_failures(lab, room, seen.get("FAILURE", 0))
                finished += [time.monotonic()] * (seen.get("SUCCESS", 0) - len(finished))
    return finished
