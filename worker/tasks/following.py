"""After an outcome is committed: whoever waited for the job to end is let go."""

from __future__ import annotations

import logging

from chalicelib.errors import DatabaseUnavailable
from chalicelib.services import admission, breakers
from chalicelib.services.claims import Claim
from chalicelib.services.dispatcher import ring_due
from chalicelib.services.turns import pass_turn
from worker import process

logger = logging.getLogger(__name__)


def let_others_go(held: Claim, project_id: str, key: str | None, *, has_answered: bool) -> None:
    """Pass on the job's turn (`key`: None if it is not over, or never was one) and its slot.

    `has_answered`: whether this shows that its upstream, if it has one, is in order.
    Never raises: should it fail, the dispatcher does it.
    """
    engine = process.engine()
    pass_turn(engine, project_id, key)
    if not held.has_slot:
        return
    if has_answered:
        note_answer(held.job_id)
    try:
        if admission.leave(engine, [held.job_id]):
            ring_due(engine)
    except DatabaseUnavailable:
        logger.warning("slot not freed, the dispatcher will: job_id=%s", held.job_id)


def note_answer(job_id: str) -> None:
    """The upstream of a job has answered. Never raises: the next answer tells it again."""
    try:
        breakers.note_answer(process.engine(), job_id)
    except DatabaseUnavailable:
        logger.warning("answer of an upstream not noted: job_id=%s", job_id)
