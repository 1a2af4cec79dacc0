"""One run: starts everything, breaks it by plan, waits until it is calm, and judges."""

from __future__ import annotations

import logging
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError
from sqlalchemy import func, select

from chalicelib.db.engine import connect
from chalicelib.db.tables import workers
from chalicelib.errors import DatabaseUnavailable
from tests.chaos.checks import Check, check_jobs, print_table
from tests.chaos.diary import Diary
from tests.chaos.evidence import Evidence, count_unfinished
from tests.chaos.faults import Faults
from tests.chaos.fleet import Fleet
from tests.chaos.flow import Flow
from tests.chaos.flow_checks import check_flow
from tests.chaos.kinds import draw_kinds
from tests.chaos.plan import make_plan
from tests.chaos.recovery import check_recoveries, find_recoveries
from tests.chaos.stack import Stack
from tests.chaos.story import tell
from tests.chaos.submitting import Submitter

#: What moto's server and two cores carry with room to spare: a run tests order, not speed.
_JOBS_PER_SECOND = 18.0
#: Long enough for every fault to happen once.
_LEAST_SECONDS = 75.0
_UP_SECONDS = 120.0
#: A run in which no job ends for so long is broken off, and so is one that takes so many
#: times as long as planned.
_STUCK_SECONDS = 180.0
_SLOWEST = 6.0
#: After the last fault everything must be done within this.
_DONE_SECONDS = 120.0
#: A message that a dead worker held comes back after the queue's visibility of 120 s, and
#: is then deleted as spent.
_EMPTY_SECONDS = 200.0
_RECOVERY_SECONDS = 60.0
_STORIES = 3


@dataclass(frozen=True)
class Options:
    """What a run is asked for."""

    jobs: int
    seed: int
    workers: int
    is_short: bool
    folder: Path

    @property
    def duration(self) -> float:
        """Seconds over which jobs are submitted."""
        if self.is_short:
            return 10.0
        return max(_LEAST_SECONDS, self.jobs / _JOBS_PER_SECOND)


class Run:
    """Everything of one run; `stop` ends whatever is left of it."""

    def __init__(self, options: Options) -> None:
        self._options = options
        self._diary = Diary()
        rng = random.Random(options.seed)
        self._plan = make_plan(rng, options.duration, is_short=options.is_short)
        self._kinds = draw_kinds(rng, options.jobs)
        self._clock_seconds = rng.choice((30.0, -30.0))
        self._rng = rng
        self._stack = Stack(is_short=options.is_short)
        self._fleet: Fleet | None = None
        self._submitter: Submitter | None = None
        self._flow: Flow | None = None

    def run(self) -> bool:
        """Returns whether all promises were kept."""
        self._prepare_logs()
        self._stack.start()
        self._fleet = fleet = Fleet(
            self._options.workers,
            self._stack.environment,
            self._options.folder,
            self._clock_seconds,
        )
        self._submitter = submitter = Submitter(
            self._stack, self._kinds, self._options.duration, self._rng
        )
        faults = Faults(self._stack, fleet, submitter, self._diary)
        self._diary.say(
            f"seed {self._options.seed}: {self._options.jobs} jobs, {self._options.workers}"
            f" workers, {len(self._plan)} faults in {self._options.duration:.0f} s; the clock of"
            f" the first worker is {self._clock_seconds:+.0f} s off"
        )
        self._flow = flow = Flow(self._stack.engine)
        flow.begin()
        fleet.start()
        self._wait_for_workers()
        self._diary.began = time.monotonic()
        submitter.start()
        self._break_things(faults)
        done_after = self._wait_until_done(faults)
        emptied_after = self._wait_until_empty() if done_after is not None else None
        return self._judge(faults, done_after, emptied_after)

    def stop(self) -> None:
        """Leave nothing behind."""
        if self._submitter:
            self._submitter.stop()
        if self._fleet:
            self._fleet.stop()
        self._stack.stop()

    def _prepare_logs(self) -> None:
        folder = self._options.folder
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("*.log"):
            old.unlink()
        # What the product says in this process is evidence, and would drown the lines printed.
        logging.basicConfig(
            filename=folder / "submitting.log",
            format="[%(asctime)s: %(levelname)s/%(threadName)s] %(message)s",
            force=True,
        )

    def _wait_for_workers(self) -> None:
        """Faults that meet workers which are not up yet would prove little."""
        limit = time.monotonic() + _UP_SECONDS
        while time.monotonic() < limit:
            with connect(self._stack.engine) as connection:
                up = connection.execute(select(func.count()).select_from(workers)).scalar_one()
            if up >= self._options.workers:
                return
            time.sleep(0.2)
        raise RuntimeError(f"the workers did not come up: see {self._options.folder}")

    # --- the course of a run -------------------------------------------------------------------

    def _break_things(self, faults: Faults) -> None:
        """Faults go with the jobs: one planned for half-time waits for half of them."""
        assert self._submitter is not None
        limit = self._diary.began + _SLOWEST * self._options.duration
        for fault in self._plan:
            at = self._diary.began + fault.at
            share = fault.at / self._options.duration * self._options.jobs
            while time.monotonic() < at or self._submitter.count() < share:
                self._tick(0.2)
                if time.monotonic() > min(limit, self._moved_at + _STUCK_SECONDS):
                    self._diary.say("jobs end too slowly: no more faults")
                    return
            faults.strike(fault)

    def _wait_until_done(self, faults: Faults) -> float | None:
        """Seconds from the last fault until every job was final; None if they took too long."""
        submitter = self._submitter
        assert submitter is not None
        while not faults.is_over():
            self._tick(0.5)
        assert self._flow is not None
        self._flow.stop_schedules()
        limit = time.monotonic() + _DONE_SECONDS + 10
        while time.monotonic() < limit:
            self._tick(0.5)
            if submitter.is_done() and self._count() == (0, True):
                return (datetime.now(UTC) - self._diary.calm_since).total_seconds()
        return None

    def _count(self) -> tuple[int, bool]:
        """Jobs that have not ended, and whether that could be read."""
        try:
            return count_unfinished(self._stack.engine)[1], True
        except DatabaseUnavailable:
            return 0, False

    def _wait_until_empty(self) -> float | None:
        """Seconds until nothing was left in the queues; None if something stayed."""
        began = time.monotonic()
        self._diary.say("every job is final; the last spent messages are waited for")
        while time.monotonic() - began < _EMPTY_SECONDS:
            try:
                if not sum(self._stack.count_messages().values()):
                    return time.monotonic() - began
            except (BotoCoreError, ClientError) as error:
                self._diary.say(f"queues cannot be counted: {error}")
            self._tick(2)
        return None

    _ticked_at = 0.0
    _done = 0
    _moved_at = float("inf")

    def _tick(self, seconds: float) -> None:
        """Sleep, watch the workers, and say now and then how far things are."""
        assert self._fleet is not None
        assert self._submitter is not None
        time.sleep(seconds)
        for misdeed in self._fleet.watch():
            self._diary.say(f"  {misdeed}")
        if time.monotonic() - self._ticked_at < 5:
            return
        self._ticked_at = time.monotonic()
        try:
            done = count_unfinished(self._stack.engine)[0]
        except DatabaseUnavailable:
            done = self._done
        if done != self._done or self._moved_at == float("inf"):
            self._done, self._moved_at = done, time.monotonic()
        self._diary.say(
            f"done {done}, with those that follow others; submitted "
            f"{self._submitter.count()} of {self._options.jobs};"
            f" faults {self._diary.faults.total()};"
            f" workers {self._fleet.count_alive()}/{self._options.workers}"
        )

    # --- the judgement ------------------------------------------------------------------------

    def _judge(self, faults: Faults, done_after: float | None, emptied_after: float | None) -> bool:
        assert self._fleet is not None
        assert self._submitter is not None
        left = self._stack.count_messages()
        self._submitter.stop()
        self._fleet.stop()  # from here on nothing changes any more
        evidence = Evidence(self._stack.engine)
        assert self._flow is not None
        drawn = self._submitter.drawn
        submitted = self._submitter.submitted | set(self._submitter.foreign)
        frozen = {
            worker_id for pid in self._diary.frozen_pids for worker_id in evidence.worker_ids[pid]
        }
        recoveries = find_recoveries(evidence, self._diary)
        checks = [
            *check_jobs(evidence, submitted, frozen, drawn),
            *check_flow(evidence, self._submitter.canvases, self._flow.schedule_ids, drawn),
            check_recoveries(recoveries, _RECOVERY_SECONDS),
            *self._check_end(faults, done_after, emptied_after, left),
        ]
        self._diary.say(f"over: {self._diary.faults.total()} faults {dict(self._diary.faults)}")
        print_table(checks)
        broken = list(dict.fromkeys(job_id for check in checks for job_id in check.broken))
        for job_id in broken[:_STORIES]:
            print(tell(job_id, evidence, self._diary, self._options.folder))  # noqa: T201
        return all(check.is_kept for check in checks)

    def _check_end(
        self,
        faults: Faults,
        done_after: float | None,
        emptied_after: float | None,
        left: dict[str, int],
    ) -> list[Check]:
        assert self._fleet is not None
        assert self._submitter is not None
        dead = self._stack.count_dead_letters()
        done = "not done" if done_after is None else f"after {done_after:.1f} s"
        emptied = f"left: {left}" if emptied_after is None else f"after {emptied_after:.0f} s"
        own_errors = [*faults.errors, *self._submitter.errors]
        return [
            Check(
                f"all done within {_DONE_SECONDS:.0f} s of the last fault",
                done_after is not None and done_after <= _DONE_SECONDS,
                done,
            ),
            Check("nothing is left in the queues", emptied_after is not None, emptied),
            Check("no message is in a dead-letter queue", dead == 0, f"{dead} messages"),
            Check(
                "no worker ended by itself or stayed after SIGTERM",
                not self._fleet.misdeeds,
                "; ".join(self._fleet.misdeeds) or "none did",
            ),
            Check("the harness itself held", not own_errors, "; ".join(own_errors) or "it did"),
        ]
