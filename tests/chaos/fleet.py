"""The workers of a run: N places, each with one worker process at a time."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from infra.local.servers.process import GuardedProcess
from tests.chaos.stack import ROOT

CONCURRENCY = 4
#: How the watchdog ends a worker; one that was frozen has indeed heard nothing for long.
_DEAF_STATUS = 69
#: A worker younger than this has no job yet that a fault could hit.
_UP_SECONDS = 4.0
#: What a worker may need beyond its grace: to stop its pool and to tell SQS.
_LEAVING_SECONDS = 15.0


@dataclass
class Worker:
    """One worker process, and what was done to it."""

    name: str
    place: int
    process: GuardedProcess
    log: Path
    started: float = field(default_factory=time.monotonic)
    #: Why its end is expected; empty while it should live.
    fate: str = ""
    leave_by: float = float("inf")
    was_frozen: bool = False


class Fleet:
    """Starts, breaks, replaces and ends workers. Its methods may be called by any thread."""

    def __init__(
        self, places: int, environment: Mapping[str, str], folder: Path, clock_seconds: float
    ) -> None:
        """`clock_seconds`: how wrong the clock of the worker in the first place is."""
        self._environment = environment
        self._folder = folder
        self._clock_seconds = clock_seconds
        self._lock = threading.RLock()
        self._count = 0
        self._places: list[Worker | None] = [None] * places
        self._all: list[Worker] = []
        self._is_over = False
        #: What no worker should have done.
        self.misdeeds: list[str] = []

    def start(self) -> None:
        """Start a worker in each place."""
        for place in range(len(self._places)):
            self.fill(place)

    def fill(self, place: int) -> None:
        """Start a worker in a place whose worker is gone or leaves."""
        with self._lock:
            if self._is_over:
                return
            self._count += 1
            name = f"worker-{self._count}"
            environment = dict(self._environment)
            if place == 0 and self._clock_seconds:
                environment["PYTHONPATH"] = str(Path(__file__).parent / "clock")
                environment["CHAOS_CLOCK_SECONDS"] = str(self._clock_seconds)
            log = self._folder / f"{name}.log"
            command = [sys.executable, "-m", "celery", "-A", "tests.chaos.tasks", "worker"]
            options = ["-l", "info", "-c", str(CONCURRENCY), "-n", f"{name}@chaos"]
            process = GuardedProcess(
                [*command, *options], log, environment=environment, folder=ROOT
            )
            worker = Worker(name=name, place=place, process=process, log=log)
            self._places[place] = worker
            self._all.append(worker)

    def pick(self, draw: float) -> Worker | None:
        """One of the workers that are well and have been up for a while; None: there is none."""
        with self._lock:
            well = [
                worker
                for worker in self._places
                if worker and not worker.fate and time.monotonic() - worker.started > _UP_SECONDS
            ]
        return well[int(draw * len(well))] if well else None

    def count_alive(self) -> int:
        """Workers in their places that run."""
        with self._lock:
            return sum(1 for one in self._places if one and one.process.status is None)

    def kill_group(self, worker: Worker) -> None:
        """End a worker with its pool, as a crash of the machine would."""
        worker.fate = "killed"
        worker.process.kill()

    def kill_main(self, worker: Worker) -> None:
        """End a worker's main process alone; what is left of its group goes by `clear`."""
        worker.fate = "main process killed"
        os.kill(worker.process.pid, signal.SIGKILL)

    def clear(self, worker: Worker) -> None:
        """Kill what is left of a worker's group."""
        worker.process.kill()

    def ask_to_leave(self, worker: Worker, grace_seconds: float) -> None:
        """SIGTERM, as a deployment sends it."""
        worker.fate = "told to stop"
        worker.leave_by = time.monotonic() + grace_seconds + _LEAVING_SECONDS
        os.kill(worker.process.pid, signal.SIGTERM)

    def freeze(self, worker: Worker) -> None:
        """Stop a worker with its pool in the middle of what they do."""
        worker.fate, worker.was_frozen = "frozen", True
        os.killpg(worker.process.pid, signal.SIGSTOP)

    def thaw(self, worker: Worker) -> None:
        """Let a frozen worker go on."""
        os.killpg(worker.process.pid, signal.SIGCONT)
        worker.fate = ""

    def watch(self) -> list[str]:
        """Note misdeeds and replace those who ended by themselves; returns what is new."""
        found = []
        with self._lock:
            for worker in self._all:
                if worker.process.status is not None:
                    worker.leave_by = float("inf")
                elif time.monotonic() > worker.leave_by:
                    worker.leave_by = float("inf")
                    found.append(f"{worker.name} did not leave in time after SIGTERM")
                    worker.process.kill()
            for present in list(self._places):
                if present and not present.fate and present.process.status is not None:
                    present.fate = "ended by itself"
                    self.fill(present.place)
                    if not (present.was_frozen and present.process.status == _DEAF_STATUS):
                        found.append(f"{present.name} ended by itself: {present.process.status}")
        self.misdeeds += found
        return found

    def stop(self) -> None:
        """Kill every worker."""
        with self._lock:
            self._is_over = True
        for worker in self._all:
            worker.process.kill()
