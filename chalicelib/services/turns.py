"""After a job with a key has ended: the next one of the key is let go, and its bell rung."""

from __future__ import annotations

import logging

from sqlalchemy import Engine

from chalicelib.errors import DatabaseUnavailable
from chalicelib.services import keys
from chalicelib.services.jobs import ring_committed

logger = logging.getLogger(__name__)


def pass_turn(engine: Engine, project_id: str, key: str | None) -> None:
    """Call after the commit of an outcome; never raises. `key`: None does nothing."""
    if key is None:
        return
    try:
        ring_committed(engine, keys.advance(engine, project_id, key))
    except DatabaseUnavailable:
        logger.warning("turn not passed, the dispatcher will: project_id=%s", project_id)


def pass_forgotten_turns(engine: Engine) -> int:
    """Let go jobs whose turn came and whom nobody told; returns how many."""
    bells = keys.sweep(engine)
    ring_committed(engine, bells)
    return len(bells)
