"""What the desk does about bells that its batches do not settle, one by one."""

from __future__ import annotations

import logging
from functools import partial
from typing import TYPE_CHECKING, Any

from celery.exceptions import Reject

from chalicelib.errors import DatabaseUnavailable
from chalicelib.services import claims, job_lifecycle
from chalicelib.services.claims import ClaimAnswer
from worker import process
from worker.loop import LoopCalls
from worker.tasks.claiming import answer_refused, end_unreadable

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
    except Exception:  # the edge: whatever becomes of one bell, the others are answered
        logger.exception("bell put back: job_id=%s", request.id)
        calls.soon(request.put_back)
    else:
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


def unclaim(requests: list[JobRequest]) -> bool:
    """Give back jobs that have not begun; False if the database is away, and leases lapse."""
    if not requests:
        return True
    engine, held = process.engine(), [request.held for request in requests]
    try:
        if not claims.unclaim(engine, held):
            for claim in held:  # lost ones are left alone, those ordered to stop are REVOKED
                job_lifecycle.release(engine, claim, "it had not begun")
    except DatabaseUnavailable:
        logger.warning("%d jobs not given back", len(held))
        return False
    return True
