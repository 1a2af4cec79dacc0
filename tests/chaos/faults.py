"""Carries out the faults of a plan, each in a thread of its own, while jobs run."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Literal

from botocore.exceptions import BotoCoreError, ClientError
from sqlalchemy import select

from chalicelib.broker.message import encode_bell
from chalicelib.broker.sqs import get_sqs
from chalicelib.db.engine import connect
from chalicelib.errors import DatabaseUnavailable
from chalicelib.settings import get_settings
from tests.chaos.diary import Blow, Diary
from tests.chaos.fleet import Fleet, Worker
from tests.chaos.ledger import starts
from tests.chaos.plan import Fault
from tests.chaos.stack import Stack
from tests.chaos.submitting import Submitter

#: How long a fault looks for a worker that has something to lose.
_PATIENCE_SECONDS = 8.0
#: How long what is left of a group outlives its main process: as long as an init takes.
_ORPHAN_SECONDS = 10.0


class Faults:
    """Everything that can be done to a run."""

    def __init__(self, stack: Stack, fleet: Fleet, submitter: Submitter, diary: Diary) -> None:
        self._stack, self._fleet, self._submitter = stack, fleet, submitter
        self._diary = diary
        #: One fault at a time for each server, however the plan has it.
        self._sqs, self._database = threading.Lock(), threading.Lock()
        self._threads: list[threading.Thread] = []
        #: Faults that could not be carried out because of an error of this harness.
        self.errors: list[str] = []

    def strike(self, fault: Fault) -> None:
        """Begin a fault; returns at once."""
        thread = threading.Thread(target=self._run, args=(fault,), daemon=True)
        self._threads.append(thread)
        thread.start()

    def is_over(self) -> bool:
        """Whether every fault that was begun has ended."""
        return not any(thread.is_alive() for thread in self._threads)

    def _run(self, fault: Fault) -> None:
        act: Callable[[Fault], None] = getattr(self, f"_{fault.name}")
        try:
            act(fault)
        except Exception as error:  # noqa: BLE001 - the harness must not break in silence
            self.errors.append(f"{fault.name}: {error!r}")
            self._diary.say(f"  {fault.name} FAILED: {error!r}")
        self._diary.note_calm()

    # --- workers -----------------------------------------------------------------------------

    def _wait_for_worker(self, fault: Fault) -> Worker | None:
        """A worker that is well; with a job in its hands, if one gets one within a while."""
        worker, patience = None, time.monotonic() + _PATIENCE_SECONDS
        while time.monotonic() < patience:
            worker = self._fleet.pick(fault.target)
            if worker and self._find_child(worker):
                return worker
            time.sleep(0.05)
        return worker

    def _replace(self, worker: Worker, fault: Fault) -> None:
        time.sleep(3 * fault.extent)
        self._fleet.fill(worker.place)

    def _kill_worker(self, fault: Fault) -> None:
        if worker := self._wait_for_worker(fault):
            self._blow(worker, "worker", worker.process.pid)
            self._fleet.kill_group(worker)
            self._diary.note_fault(fault.name, f"{worker.name} with its pool")
            self._replace(worker, fault)

    def _kill_main(self, fault: Fault) -> None:
        if worker := self._wait_for_worker(fault):
            self._blow(worker, "worker", worker.process.pid)
            self._fleet.kill_main(worker)
            self._diary.note_fault(fault.name, f"{worker.name}, its main process alone")
            self._replace(worker, fault)
            time.sleep(_ORPHAN_SECONDS)
            self._fleet.clear(worker)

    def _kill_child(self, fault: Fault) -> None:
        worker = self._wait_for_worker(fault)
        pid = worker and self._find_child(worker)
        if worker and pid:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self._blow(worker, "child", pid)
                self._diary.note_fault(fault.name, f"pool process {pid} of {worker.name}")

    def _find_child(self, worker: Worker) -> int | None:
        """A pool process of this worker that is at a job now, as far as the ledger knows."""
        query = (
            select(starts.c.pid)
            .where(starts.c.main_pid == worker.process.pid, starts.c.ended_at.is_(None))
            .order_by(starts.c.started_at.desc())
        )
        with suppress(DatabaseUnavailable), connect(self._stack.engine) as connection:
            # Those that were killed at a job have left a row without an end.
            return next(filter(_is_alive, connection.execute(query).scalars()), None)
        return None

    def _stop_worker(self, fault: Fault) -> None:
        if worker := self._wait_for_worker(fault):
            self._fleet.ask_to_leave(worker, get_settings().shutdown_grace_seconds)
            self._diary.note_fault(fault.name, f"{worker.name} by SIGTERM")
            self._replace(worker, fault)

    def _freeze_worker(self, fault: Fault) -> None:
        if worker := self._wait_for_worker(fault):
            seconds = get_settings().lease_seconds + 15
            self._blow(worker, "worker", worker.process.pid)
            self._diary.frozen_pids.add(worker.process.pid)
            self._fleet.freeze(worker)
            self._diary.note_fault(fault.name, f"{worker.name} for {seconds:.0f} s")
            time.sleep(seconds)
            self._fleet.thaw(worker)
            self._diary.say(f"  {worker.name} goes on")

    def _blow(self, worker: Worker, who: Literal["worker", "child"], pid: int) -> None:
        self._diary.blows.append(Blow(datetime.now(UTC), worker.name, who, pid))

    # --- servers -----------------------------------------------------------------------------

    def _restart_database(self, fault: Fault) -> None:
        self._down_and_up(fault, self._stack.database.stop, "restarted")

    def _kill_database(self, fault: Fault) -> None:
        self._down_and_up(fault, self._stack.database.kill, "killed")

    def _down_and_up(self, fault: Fault, end: Callable[[], None], how: str) -> None:
        with self._database:
            began = datetime.now(UTC)
            seconds = 1 + 4 * fault.extent
            self._diary.note_fault(fault.name, f"MariaDB {how}, up again in {seconds:.1f} s")
            end()
            time.sleep(seconds)
            self._stack.database.start()
            self._diary.note_outage(began)
            self._diary.say("  MariaDB is back")

    def _pause_sqs(self, fault: Fault) -> None:
        seconds = 4.0 if self._stack.is_short else 20.0
        with self._sqs:
            began = datetime.now(UTC)
            self._stack.pause_sqs()
            self._diary.note_fault(fault.name, f"SQS does not answer for {seconds:.0f} s")
            time.sleep(seconds)
            self._stack.resume_sqs()
            self._diary.note_outage(began)
            self._diary.say("  SQS is back")

    def _empty_sqs(self, fault: Fault) -> None:
        with self._sqs:
            began = datetime.now(UTC)
            self._stack.sqs.kill()
            self._diary.note_fault(fault.name, "SQS killed; comes again without queues")
            time.sleep(1 + 4 * fault.extent)
            self._stack.sqs.start()
            time.sleep(1)
            self._stack.make_queues()
            self._diary.losses.append(datetime.now(UTC))
            self._diary.note_outage(began)
            self._diary.say("  SQS is back, empty")

    def _purge(self, fault: Fault) -> None:
        with self._sqs:
            lost = self._stack.count_messages()
            self._stack.purge()
            self._diary.losses.append(datetime.now(UTC))
            self._diary.note_fault(fault.name, f"queues purged, messages lost: {lost}")

    # --- messages ----------------------------------------------------------------------------

    def _duplicate(self, fault: Fault) -> None:
        """Send bells of this very moment a second and a third time."""
        self._send_again(fault, newest=True, delays=(0, 0))

    def _send_late(self, fault: Fault) -> None:
        """Send bells of long ago, of jobs that have mostly ended, some of them later still."""
        self._send_again(fault, newest=False, delays=(0, 1 + int(14 * fault.extent)))

    def _send_again(self, fault: Fault, *, newest: bool, delays: tuple[int, ...]) -> None:
        known = list(self._submitter.bells)
        bells = known[-20:] if newest else known[:20]
        with self._sqs, suppress(BotoCoreError, ClientError):
            self._diary.note_fault(fault.name, f"{len(bells)} bells rung {len(delays)} times more")
            for delay in delays:
                for bell in bells:
                    get_sqs().send_message(
                        QueueUrl=get_settings().queue_url(bell.queue),
                        MessageBody=encode_bell(bell),
                        DelaySeconds=delay,
                        MessageGroupId=bell.project_id,
                    )


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
