"""What the desk does about bells that its batches do not settle, one by one."""

from __future__ import annotations

import logging
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec
from celery.exceptions import Reject

from chalicelib.errors import DatabaseUnavailable
from chalicelib.services import job_lifecycle, leases
from chalicelib.services.claims import ClaimAnswer
from worker import process
from worker.loop import LoopCalls
from worker.tasks.claiming import PATIENCE_SECONDS, answer_refused, end_unreadable, insist
from worker.tasks.faults import describe

if TYPE_CHECKING:
    from worker.request import JobRequest

logger = logging.getLogger(__name__)


def is_claimed_late(calls: LoopCalls, request: JobRequest, answer: ClaimAnswer) -> bool:
    """Answer a bell whose job the batch's statement did not take; True if it is taken now."""
    try:
        answer = answer_refused(request.held, answer, request.foreign_job)
    except DatabaseUnavailable:
        calls.soon(request.put_back)
    except Reject as error:
        calls.soon(request.bury, str(error.reason))
    except Exception as error:  # the edge: whatever becomes of one bell, the others are answered
        logger.exception("bell cannot be answered: job_id=%s", request.id)
        if request.is_foreign:
            calls.soon(request.bury, f"it cannot be worked on: {error!r}")
        else:
            calls.soon(request.put_back)
    else:
        if answer is ClaimAnswer.LOCKED:
            calls.soon(request.put_back)
            return False
        if answer is ClaimAnswer.CLAIMED:
            return True
        logger.info("bell answered without work: job_id=%s reason=%s", request.id, answer)
        calls.soon(request.finish)
    return False


def end_unreadable_bell(calls: LoopCalls, message: Any, reason: str) -> None:
    """End the job of a bell of ours that cannot be read; bury one that is of no job."""
    try:
        answer = end_unreadable(message.headers["id"], reason)
    except Exception:  # the edge, as above
        logger.exception("unreadable bell put back")
        calls.soon(message.requeue)
    else:
        is_known = answer is not ClaimAnswer.UNKNOWN
        bury = partial(message.channel.bury, message.delivery_tag, reason)
        calls.soon(message.ack if is_known else bury)


def end_unlaunched(calls: LoopCalls, request: JobRequest, error: Exception) -> None:
    """End a job that no pool can be given: tried again it would be no better."""
    fault = describe(error, retryable=False)
    try:
        insist(
            lambda: job_lifecycle.fail(process.engine(), request.held, fault, lambda *_: None),
            patience_seconds=PATIENCE_SECONDS,
        )
    except DatabaseUnavailable:
        logger.warning("failure not recorded, the lease will lapse: job_id=%s", request.id)
    calls.soon(request.finish)


def record_alone(calls: LoopCalls, request: JobRequest, result: msgspec.Raw | None) -> None:
    """Record the success of a job whose row is locked, while others are recorded."""

    def work() -> None:
        insist(lambda: job_lifecycle.succeed(process.engine(), request.held, result))
        calls.soon(request.acknowledge)

    threading.Thread(target=work, name=f"record {request.id}", daemon=True).start()


def unclaim(requests: list[JobRequest]) -> bool:
    """Give back jobs that have not begun; False if the database is away, and leases lapse."""
    if not requests:
        return True
    engine, held = process.engine(), [request.held for request in requests]
    try:
        if not leases.unclaim(engine, held):
            for claim in held:  # lost ones are left alone, those ordered to stop are REVOKED
                job_lifecycle.release(engine, claim, "it had not begun")
    except DatabaseUnavailable:
        logger.warning("%d jobs not given back", len(held))
        return False
    return True
