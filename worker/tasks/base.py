"""The life cycle of every task: claim, run, record the outcome, try again or give up.

Outcomes are recorded here and not by the result backend, because a job's state, its
result and the record that it is about change in one transaction.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import msgspec
from celery import Task, shared_task
from celery.exceptions import Ignore, Reject, Retry

from chalicelib.broker.contracts import TaskContract
from chalicelib.broker.message import BELL_HEADER
from chalicelib.db.engine import in_transaction
from chalicelib.domain.jobs import JobState
from chalicelib.errors import BellpullError, JobCancelled, PermanentError
from chalicelib.services import breakers, job_lifecycle
from chalicelib.services.canvas import replace
from chalicelib.services.claims import Claim
from chalicelib.services.job_lifecycle import Effect, Ended
from chalicelib.services.jobs import ring_committed
from chalicelib.services.outcomes import JobFacts, concerns_a_record, settle_success
from worker import process
from worker.cancelling import interruptible
from worker.progress import Reporter
from worker.sending import collecting
from worker.tasks.canvas import Sequel
from worker.tasks.claiming import claim_or_ignore, insist
from worker.tasks.deferred import MAX_BYTES, defer_success, note_end
from worker.tasks.faults import (
    decide_delay,
    describe,
    is_answer,
    is_retryable,
    is_upstreams_own,
    retry_delay,
)
from worker.tasks.following import let_others_go, note_answer
from worker.tasks.results import encode_result
from worker.tasks.retrying import change_arguments

logger = logging.getLogger(__name__)

P = TypeVar("P", bound=msgspec.Struct)


class Job:
    """What a task function learns of the job that it works on, and may say to it."""

    def __init__(self, task: JobTask, *, is_waited_for: bool = False) -> None:
        """`is_waited_for`: the claim's `has_slot`."""
        request = task.request
        self._is_waited_for = is_waited_for
        self.id: str = request.id
        self.project_id: str = getattr(request, "project_id", None) or ""
        #: 1 for the first attempt.
        self.attempt: int = request.retries + 1
        #: Tells how far the job is: `job.progress(40, "reading")`, `with job.progress.step(...)`.
        self.progress = Reporter(self.id, request.claim_id, self.attempt)
        self.effects: list[Effect] = []

    def record(self, effect: Effect) -> None:
        """Have `effect(connection)` executed in the transaction that records SUCCESS.

        This is how a task changes the database exactly once, however often it is run.
        """
        self.effects.append(effect)

    def note_answer(self) -> None:
        """Tell that the upstream has answered, if this job goes on for long after that.

        Its circuit breaker need not wait for the end of the job then. Costs nothing while the
        upstream is in order.
        """
        if self._is_waited_for:
            note_answer(self.id)


class JobTask(Task):  # type: ignore[misc]  # celery has no types
    """Base of every task in this application, with a contract or without."""

    Request = "worker.request:JobRequest"
    #: Errors raised on purpose are logged in one line, without a trace.
    throws = (BellpullError,)
    #: Set by `implements`.
    contract: TaskContract | None = None
    #: What the main process alone sees (a lost process, a hard limit) is recorded also for
    #: senders who ignore results: the job has to end.
    store_errors_even_if_ignored = True

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        request = self.request
        if request.called_directly or request.is_eager:
            return super().__call__(*args, **kwargs)
        held = Claim(
            job_id=request.id,
            claim_id=request.claim_id,
            worker_id=request.worker_id,
            attempt=request.claimed_attempt,
            has_slot=request.has_slot,
        )
        is_at_desk = held.attempt > 0
        args, kwargs = claim_or_ignore(self, held, args, kwargs)
        # By the row: the bell of an earlier attempt may have rung for this one.
        request.retries = held.attempt - 1
        request.job = Job(self, is_waited_for=held.has_slot)
        try:
            with interruptible():
                value = self.run(*args, **kwargs)
            recorded = self._succeed(held, kwargs, value, may_defer=is_at_desk)
        except MemoryError as error:
            self._end(held, error)
            # Celery's main process raises a MemoryError once more and ends, with all its jobs.
            raise RuntimeError(f"out of memory: {error}") from error
        except Exception as error:  # the edge where what a task raises becomes an outcome
            self._end(held, error)
            raise
        request.is_recorded = True
        if not recorded:
            raise _lost(held)
        return None if isinstance(value, msgspec.Struct) else value

    def signature_from_request(
        self, request: Any = None, args: Any = None, kwargs: Any = None, **options: Any
    ) -> Any:
        """The signature that Celery's `retry` sends: here the row waits, and nothing is sent."""
        signature = super().signature_from_request(request, args, kwargs, **options)
        signature.apply_async = lambda *_, **__: None
        self.request.changed_arguments = (args, kwargs)
        return signature

    def _succeed(self, held: Claim, kwargs: dict[str, Any], value: Any, *, may_defer: bool) -> bool:
        job: Job = self.request.job
        effects = list(job.effects)
        if concerns_a_record(self.name):
            facts = JobFacts(
                id=held.job_id,
                project_id=job.project_id,
                task=self.name,
                parameters=kwargs,
                attempts=job.attempt,
            )
            effects.append(partial(settle_success, job=facts, result=value))
        result = encode_result(process.engine(), value)
        key, sequel = self._key(), Sequel(self, value)
        waited_for = key is not None or held.has_slot
        if sequel:
            effects.append(sequel.write)
        is_small = result is None or len(bytes(result)) <= MAX_BYTES
        if may_defer and is_small and not effects and not waited_for:
            defer_success(result)
            return True
        done = insist(lambda: job_lifecycle.succeed(process.engine(), held, result, effects))
        ring_committed(process.engine(), sequel.bells if done else [])
        if done:
            let_others_go(held, job.project_id, key, has_answered=True)
        return done

    def on_replace(self, sig: Any) -> Any:
        """Celery's `replace` ends here: the job goes on as another, in its own row."""
        if self.request.is_eager:
            return super().on_replace(sig)
        with collecting() as sent:
            sig.delay()
        self.request.replacement = sent
        raise Ignore("Replaced by new task")

    def _key(self) -> str | None:
        """The key of the job, as its bell says."""
        key = getattr(self.request, "key", None)
        return key if isinstance(key, str) and getattr(self.request, BELL_HEADER, None) else None

    def _end(self, held: Claim, error: Exception) -> None:
        """Record how an attempt ended that did not succeed; raises what Celery is to see."""
        ended = insist(lambda: self._record(held, error))
        self.request.is_recorded = True
        if ended is None:
            raise _lost(held) from error
        note_end(ended.state)
        let_others_go(held, ended.project_id, ended.key, has_answered=is_answer(error))
        if ended.bell is not None and not isinstance(error, Reject):
            ring_committed(process.engine(), [ended.bell])
        if ended.state == "RETRY" and not isinstance(error, Retry):
            raise Retry(exc=error, when=round(ended.delay_seconds, 1)) from error
        if ended.state == "REVOKED" or isinstance(error, JobCancelled):
            raise Ignore from error

    def _record(self, held: Claim, error: Exception) -> Ended | None:
        engine = process.engine()
        match error:
            case Retry():
                changed = getattr(self.request, "changed_arguments", (None, None))
                if changed != (None, None):
                    change_arguments(engine, held, *changed)
                fault = describe(error.exc or error, retryable=True)
                return job_lifecycle.fail(engine, held, fault, retry_delay(error))
            case Ignore() if getattr(self.request, "replacement", None) is not None:
                return self._replace(held)
            case Ignore():
                return job_lifecycle.revoke(engine, held, describe(error, retryable=False))
            case JobCancelled():
                return job_lifecycle.release(engine, held, error.message)
            case Reject(requeue=True):
                return job_lifecycle.release(engine, held, "the task rejected its message")
        fault = describe(error, retryable=is_retryable(self.contract, error))
        counts = not (
            is_upstreams_own(self.contract, error)
            and breakers.note_failure(engine, held.job_id, fault.type)
        )
        delay = decide_delay(self.contract, error)
        return job_lifecycle.fail(engine, held, fault, delay, counts=counts)

    def _replace(self, held: Claim) -> Ended | None:
        engine, sent = process.engine(), self.request.replacement
        bells = in_transaction(engine, lambda connection: replace(connection, held, sent))
        if bells is None:
            return None
        ring_committed(engine, bells)
        return Ended(state=JobState.PENDING)


def implements(
    contract: TaskContract,
) -> Callable[[Callable[[Job, P], Any]], JobTask]:
    """Make a function the worker's side of a contract.

    The function is called with the Job and the contract's parameters as a struct; what it
    returns (JSON, or a msgspec.Struct) is the job's result.
    """

    def decorate(function: Callable[[Job, P], Any]) -> JobTask:
        def run(self: JobTask, **kwargs: Any) -> Any:
            try:
                parameters = msgspec.convert(kwargs, contract.parameters)
            except msgspec.ValidationError as error:
                raise PermanentError(f"The parameters do not fit the task: {error}") from error
            return function(self.request.job, parameters)  # type: ignore[arg-type]

        run.__doc__, run.__name__ = contract.description, function.__name__
        run.__module__ = function.__module__
        task: JobTask = shared_task(
            name=contract.name,
            bind=True,
            base=JobTask,
            contract=contract,
            soft_time_limit=contract.soft_time_limit_seconds,
            time_limit=contract.time_limit_seconds,
        )(run)
        return task

    return decorate


def _lost(held: Claim) -> Ignore:
    logger.warning("claim lost, outcome dropped: job_id=%s", held.job_id)
    return Ignore()
