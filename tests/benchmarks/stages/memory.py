"""Whether a worker's memory grows with the jobs that it has done."""

from __future__ import annotations

import time
from statistics import mean

from infra.local.servers.process import GuardedProcess
from tests.benchmarks import contestants
from tests.benchmarks.lab import Lab, Room
from tests.benchmarks.memory import read_group, worst_growth
from tests.benchmarks.plan import Plan
from tests.benchmarks.race import fill
from tests.benchmarks.results import Results
from tests.benchmarks.watching import count_done

#: Jobs that wait in the queue at most, and are put there at a time.
_BACKLOG, _PORTION = 4_000, 2_000
#: Slowest pace that is waited for.
_LEAST_RATE = 25.0


def measure(lab: Lab, plan: Plan, results: Results) -> None:
    """One worker, its queue never empty; the process that grew most is judged."""
    worker, sent = contestants.ours(), 0
    readings: list[dict[int, int]] = []
    with lab.room() as room, lab.running(worker.command, room) as process:
        for goal in plan.memory_jobs:
            sent = _work_until(lab, room, process, goal, sent)
            reading, kind = _read_memory(process)
            readings.append(reading)
            each = " + ".join(f"{kib:,}" for kib in reading.values())
            results.tell(f"memory after {goal} jobs: {each} KiB of {kind}")
    goals = ", ".join(f"{goal:,}" for goal in plan.memory_jobs)
    for number, pid in enumerate(readings[0], start=1):
        seen = [reading[pid] for reading in readings if pid in reading]
        told = ", ".join(f"{kib:,}" for kib in seen)
        unit = f"KiB of {kind}; {told} after {goals} jobs"
        results.keep(f"memory_process_{number}", [float(kib) for kib in seen], unit)
    results.set("rss_growth", worst_growth(readings)[1])


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


def _read_memory(process: GuardedProcess) -> tuple[dict[int, int], str]:
    """KiB of each process of the worker's group, the mean of five looks in two seconds."""
    looks = []
    for _ in range(5):
        reading, kind = read_group(process.pid)
        looks.append(reading)
        time.sleep(0.4)
    lived = [pid for pid in looks[0] if all(pid in look for look in looks)]
    return {pid: round(mean(look[pid] for look in looks)) for pid in lived}, kind
