"""Before a task runs: its job is claimed, or the bell is answered by doing nothing."""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from celery.exceptions import Ignore, Reject
from kombu.utils import json as kombu_json

from chalicelib.broker.message import BELL_HEADER
from chalicelib.domain.ids import is_job_id, is_project_id, new_id
from chalicelib.domain.jobs import RetryPolicy
from chalicelib.errors import DatabaseUnavailable
from chalicelib.services import admission, claims, job_lifecycle
from chalicelib.services.adoption import NewJob, adopt
from chalicelib.services.claims import Claim, ClaimAnswer
from chalicelib.services.dispatcher import ring_waiting
from chalicelib.services.outcomes import Fault
from chalicelib.services.upstreams import upstream_of
from chalicelib.settings import get_settings
from worker import process

if TYPE_CHECKING:
    from worker.tasks.base import JobTask

logger = logging.getLogger(__name__)

T = TypeVar("T")

#: Seconds that a claim waits for a database that is away, before the message goes back.
PATIENCE_SECONDS = 120.0
#: Project of jobs whose message names none: those of other Celery clients.
FOREIGN_PROJECT = "default"
#: Celery's "no limit" still ends for a job that kills its workers.
_MOST_ATTEMPTS = 25


def claim_or_ignore(
    task: JobTask, held: Claim, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Claim the job and return its arguments.

    Raises:
        Ignore: the job is not to run now; Celery deletes the message.
        Reject: the database has been away for long; the message is put back.
    """
    if held.attempt:
        return _arguments(task, held, args, kwargs)  # the desk did it
    engine, lease, request = process.engine(), get_settings().lease_seconds, task.request
    try:
        answer = insist(
            lambda: claims.claim(engine, held, lease), patience_seconds=PATIENCE_SECONDS
        )
        if answer is not ClaimAnswer.CLAIMED:
            is_ours = getattr(request, BELL_HEADER, None) is not None
            answer = answer_refused(
                held, answer, lambda: None if is_ours else make_foreign_job(task, request)
            )
        if answer is ClaimAnswer.CLAIMED:
            return _arguments(task, held, args, kwargs)
    except DatabaseUnavailable as error:
        raise Reject(error, requeue=True) from error
    logger.info("bell answered without work: job_id=%s reason=%s", held.job_id, answer.value)
    raise Ignore


def answer_refused(
    held: Claim, answer: ClaimAnswer, make_job: Callable[[], NewJob | None]
) -> ClaimAnswer:
    """Do what a refused claim asks for, and return what became of it.

    A message without a row gets one, if `make_job` says that it is another client's; a bell
    that was early is rung again for its time; what is paused or limited is held, or admitted.

    Raises:
        DatabaseUnavailable: the database has been away for long.
        Reject: the message can have no row.
    """
    engine, lease = process.engine(), get_settings().lease_seconds
    if answer is ClaimAnswer.UNKNOWN and (new := make_job()) is not None:
        answer = insist(lambda: adopt(engine, held, new, lease), patience_seconds=PATIENCE_SECONDS)
    if answer is ClaimAnswer.EARLY:
        answer = insist(
            lambda: admission.admit(engine, held, lease), patience_seconds=PATIENCE_SECONDS
        )
    if answer is ClaimAnswer.EARLY:
        insist(lambda: ring_waiting(engine, held.job_id), patience_seconds=PATIENCE_SECONDS)
    return answer


def end_unreadable(job_id: str, reason: str) -> ClaimAnswer:
    """End the job of a bell that no worker can read as FAILURE, if it waits.

    Raises DatabaseUnavailable when the database has been away for long.
    """
    engine, lease = process.engine(), get_settings().lease_seconds
    held = Claim(job_id=job_id, claim_id=new_id(), worker_id=process.WORKER_ID)

    def work() -> ClaimAnswer:
        answer = claims.claim(engine, held, lease)
        if answer is ClaimAnswer.CLAIMED:
            fault = Fault(
                type="BellUnreadable", code="bell-unreadable", message=reason, retryable=False
            )
            job_lifecycle.fail(engine, held, fault, lambda attempts, max_attempts: None)
        return answer

    return insist(work, patience_seconds=PATIENCE_SECONDS)


def insist(work: Callable[[], T], *, patience_seconds: float = float("inf")) -> T:
    """Run `work` until the database answers, for at most `patience_seconds`.

    Raises DatabaseUnavailable when patience is at its end.
    """
    began, pause = time.monotonic(), 0.1
    while True:
        try:
            return work()
        except DatabaseUnavailable as error:
            if time.monotonic() - began > patience_seconds:
                raise
            logger.warning("database away, trying again: %s", error.__cause__ or error)
            time.sleep(pause * random.uniform(0.5, 1.0))
            pause = min(2.0, pause * 2)


def _arguments(
    task: JobTask, held: Claim, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """The arguments that the message carried, or those in the row.

    The row's, if the message was too small for them, or if it is the bell of another attempt:
    a retry may have changed them since.
    """
    request = task.request
    is_this_attempts = int(request.retries or 0) == held.attempt - 1
    if getattr(request, BELL_HEADER, None) != "row" and is_this_attempts:
        return args, kwargs
    parameters, message = insist(lambda: claims.read_parameters(process.engine(), held.job_id))
    message = message or {}
    for name, value in message.get("embed", {}).items():
        setattr(request, name, value)
    # As a message would bring them: kombu's JSON turns dates and UUIDs back into such.
    carried = kombu_json.dumps([message.get("args", []), parameters])
    args, kwargs = kombu_json.loads(carried)
    return tuple(args), kwargs


def make_foreign_job(task: JobTask, request: Any) -> NewJob:
    """The row of a message that another Celery client sent; `request`: its Context.

    Raises Reject if its arguments cannot be written as JSON.
    """
    embed = {
        name: getattr(request, name, None) for name in ("callbacks", "errbacks", "chain", "chord")
    }
    try:
        message = {
            "args": list(request.args or ()),
            "embed": embed,
            "headers": getattr(request, "foreign", {}),
        }
        raw_message = msgspec.Raw(kombu_json.dumps(message).encode())
        raw_parameters = msgspec.Raw(kombu_json.dumps(request.kwargs or {}).encode())
    except (TypeError, ValueError, RecursionError) as error:
        raise Reject(f"its arguments cannot be written as JSON: {error}", requeue=False) from error
    named: Any = getattr(request, "project_id", None)
    project_id = named if is_project_id(named) else FOREIGN_PROJECT
    return NewJob(
        project_id=project_id,
        task=task.name,
        queue=request.delivery_info["routing_key"],
        parameters=raw_parameters,
        message=raw_message,
        max_attempts=most_attempts(task),
        run_at=request.run_at,
        parent_id=request.parent_id if is_job_id(request.parent_id) else None,
        upstream=upstream_of(task.contract, project_id),
    )


def most_attempts(task: JobTask | None) -> int:
    """How often a job is tried at most, by its task; None: a task that is not known here."""
    if task is None:
        return RetryPolicy().max_attempts
    if task.contract is not None:
        return task.contract.retry.max_attempts
    if task.max_retries is None:
        return _MOST_ATTEMPTS
    return max(int(task.max_retries) + 1, RetryPolicy().max_attempts)
