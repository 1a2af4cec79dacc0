"""A delivered bell: what this system adds to a Celery message before its task runs."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING, Any
from weakref import ref

import msgspec
from celery.app.task import Context
from celery.worker.request import Request
from celery.worker.state import task_ready

from chalicelib.broker.message import BELL_HEADER, DUE_HEADER
from chalicelib.domain.ids import new_id
from chalicelib.services.adoption import NewJob
from chalicelib.services.claims import Claim
from worker.metrics import METRICS
from worker.process import WORKER_ID
from worker.screening import parse_eta, require_sound
from worker.tasks.claiming import make_foreign_job
from worker.tasks.deferred import BROKEN, is_broken, run_job

if TYPE_CHECKING:
    from worker.desk import Desk

#: Headers of another client's message that the job's own columns hold, or that are for logs.
_NOT_KEPT = frozenset({"task", "id", "eta", "retries", "project_id", "argsrepr", "kwargsrepr"})

#: What the column holds; strangers may write any number.
_MOST_ATTEMPTS = 2**31 - 1


class JobRequest(Request):  # type: ignore[misc]  # celery has no types
    """Gives each delivery a claim of its own, and takes the ETA out of Celery's hands.

    Celery holds a message with an ETA in the worker's memory, unacknowledged, and SQS
    delivers it again when its visibility ends. Here the ETA becomes the job's `run_at`.

    In workers with an event loop the desk claims the job before the pool has it; in others
    (greenlets) the task itself does, and nothing below `__init__` is used.
    """

    _desk: Desk | None = None

    def __init__(self, message: Any, headers: Any = None, body: Any = None, **options: Any) -> None:
        headers = dict(message.headers if headers is None else headers)
        # Celery decodes bodies of the old protocol before it comes here.
        require_sound(headers, body if options.get("decoded") else message.payload)
        if BELL_HEADER not in headers:
            headers["foreign"] = {k: v for k, v in headers.items() if k not in _NOT_KEPT}
        headers["run_at"] = parse_eta(headers.pop("eta", None))
        headers["eta"] = None
        headers["claimed_attempt"] = 0
        headers["has_slot"] = False
        headers["claim_id"] = new_id()
        headers["worker_id"] = WORKER_ID
        self.arrived_at = time.monotonic()
        super().__init__(message, headers=headers, body=body, **options)

    @property
    def attempts_before(self) -> int:
        """How many attempts came before this one, as the bell says."""
        return min(int(self.request_dict.get("retries") or 0), _MOST_ATTEMPTS)

    def hold(self, claim_id: str) -> None:
        """The job is about to be claimed as one of those of `claim_id`."""
        self.request_dict["claim_id"] = claim_id
        self.held = Claim(job_id=self.id, claim_id=claim_id, worker_id=WORKER_ID)

    @property
    def is_foreign(self) -> bool:
        """Whether another Celery client sent it: then it may be all there is of its job."""
        return BELL_HEADER not in self.request_dict

    def foreign_job(self) -> NewJob | None:
        """The row that the message of another client is to get; None for a bell of ours."""
        if not self.is_foreign:
            return None
        embed = self._payload[2] or {}
        made = Context({**self.request_dict, **embed}, args=self.args, kwargs=self.kwargs)
        return make_foreign_job(self.task, made)

    def launch(self, desk: Desk, pool: Any) -> None:
        """Hand the claimed job to the pool: Celery's `execute_using_pool` for our tracer.

        Celery's looks once more whether the message expired; here that was a moment ago.
        """
        self._desk = desk
        self.request_dict["claimed_attempt"] = self.held.attempt
        self.request_dict["has_slot"] = self.held.has_slot
        limit, soft_limit = self.time_limits
        # Pools of threads call back in their own.
        in_loop = partial(partial, desk.calls.now_or_soon)
        result = pool.apply_async(
            run_job,
            args=(
                self.type,
                self.id,
                self.request_dict,
                self.body,
                self.content_type,
                self.content_encoding,
            ),
            accept_callback=in_loop(self.on_accepted),
            timeout_callback=in_loop(self.on_timeout),
            callback=in_loop(self._on_result, desk),
            error_callback=in_loop(self.on_failure),
            soft_timeout=soft_limit or self.task.soft_time_limit,
            timeout=limit or self.task.time_limit,
            correlation_id=self.id,
        )
        self._apply_result = None if result is None else ref(result)

    def on_accepted(self, pid: int, time_accepted: float) -> None:
        """The pool has begun the job."""
        METRICS.started(self.name, self._waited())
        super().on_accepted(pid, time_accepted)

    def pool_job(self) -> Any:
        """What the pool calls the job; None if it has forgotten it."""
        return None if self._apply_result is None else self._apply_result()

    def stays_in_pool(self) -> bool:
        """Whether the pool may have begun the job; if so it is kept when Celery flushes the pool.

        A flush forgets what no process has acknowledged, also what was written to one already.
        """
        job = self.pool_job()
        if not hasattr(job, "_write_to"):
            return True  # a pool of threads begins at once
        if job._write_to is None:  # noqa: SLF001 - billiard tells it in no other way
            return False
        job._accepted = True  # noqa: SLF001 - the same
        return True

    def _on_result(self, desk: Desk, answer: Any, **_: Any) -> None:
        # Pools of threads answer with an error that a task must not raise, as SystemExit.
        is_error = is_broken(answer)
        failed, value, runtime, made, state = (
            (BROKEN, answer, 0.0, None, None) if is_error else answer
        )
        if made:
            METRICS.enqueued(made)
        if state is not None:
            METRICS.ended(self.name, state, runtime)
        if failed == BROKEN:
            self.on_failure(value)
            return
        if failed:
            self.on_success((failed, value, runtime))
            return
        task_ready(self)
        if value is None:
            self.acknowledge()
        else:
            (result,) = value
            desk.record(self, None if result is None else msgspec.Raw(result))
        desk.ended(self, runtime)

    def on_failure(self, *args: Any, **options: Any) -> None:
        """The pool has run the job, or died of it, without success."""
        try:
            super().on_failure(*args, **options)
        finally:
            self._leave_desk()

    def on_timeout(self, soft: bool, timeout: float) -> None:
        """A time limit has passed: after the hard one the job has left the pool."""
        super().on_timeout(soft, timeout)
        if not soft:
            self._leave_desk()

    def finish(self) -> None:
        """Delete the message of a job that is not to run now."""
        task_ready(self)
        self.acknowledge()

    def put_back(self) -> None:
        """Make the message of a job that did not begin visible to all workers."""
        task_ready(self)
        self.reject(requeue=True)

    def bury(self, reason: str) -> None:
        """Move the message of a job that can never begin to the dead-letter queue."""
        task_ready(self)
        self.message.channel.bury(self.message.delivery_tag, reason)

    def _waited(self) -> float | None:
        """Seconds since the job could have begun, by the clocks of who rang and of this machine."""
        due = self.request_dict.get(DUE_HEADER)
        if self.is_foreign or not isinstance(due, int | float):
            return None
        return max(0.0, time.time() - due)

    def _leave_desk(self) -> None:
        if self._desk is not None:
            self._desk.ended(self)
