"""Whether a worker's memory grows with the jobs that it has done."""

from __future__ import annotations

import subprocess
import time
from statistics import mean

from infra.local.servers.process import GuardedProcess
from tests.benchmarks import contestants
from tests.benchmarks.lab import Lab, Room
from tests.benchmarks.plan import Plan
from tests.benchmarks.race import fill
from tests.benchmarks.results import Results
from tests.benchmarks.watching import count_done

#: Jobs that wait in the queue at most, and are put there at a time.
_BACKLOG, _PORTION = 4_000, 2_000
#: Slowest pace that is waited for.
_LEAST_RATE = 25.0


def measure(lab: Lab, plan: Plan, results: Results) -> None:
    """One worker, its queue never empty; its main process and its pool are added up."""
    worker, (few, many) = contestants.ours(), plan.memory_jobs
    with lab.room() as room, lab.running(worker.command, room) as process:
        sent = 0
        readings: list[int] = []
        for goal in (few, many):
            sent = _work_until(lab, room, process, goal, sent)
            readings.append(_read_memory(process))
            results.tell(f"memory after {goal} jobs: {readings[-1]} KiB")
    results.keep("rss", [float(reading) for reading in readings], f"KiB after {few}, {many} jobs")
    results.set("rss_growth", readings[1] / readings[0])


def _work_until(lab: Lab, room: Room, process: GuardedProcess, goal: int, sent: int) -> int:
    """Feed and wait until `goal` jobs are finished; returns how many were sent in all."""
    deadline = time.monotonic() + 60 + goal / _LEAST_RATE
    with lab.database.cursor(room.database) as cursor:
        while (finished := count_done(lab, room, cursor)) < goal:
            if process.status is not None or time.monotonic() > deadline:
                raise RuntimeError(f"{finished} of {goal} jobs: {lab.told(room)}")
            portion = min(_PORTION, goal - sent)
            if portion > 0 and sent - finished < _BACKLOG:
                fill(lab, contestants.ours(), room, portion)
                sent += portion
            else:
                time.sleep(0.25)
    return sent


def _read_memory(process: GuardedProcess) -> int:
    """KiB of all processes of the worker's group, the mean of five looks in two seconds."""
    looks = []
    for _ in range(5):
        told = subprocess.run(
            ["ps", "-A", "-o", "pgid=,rss="], capture_output=True, text=True, check=True
        )
        rows = [line.split() for line in told.stdout.splitlines()]
        looks.append(sum(int(rss) for group, rss in rows if int(group) == process.pid))
        time.sleep(0.4)
    return round(mean(looks))
