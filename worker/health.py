"""`python -m worker.health`: whether this container's worker is well, for its supervisor.

A worker that hears nothing is ended by its watchdog, so the question left is whether the
watchdog still looks: on each beat it leaves a trace, and an old trace means that it does not.
"""

from __future__ import annotations

import logging
import sys
import time
from pathlib import Path

from chalicelib.errors import BellpullError
from chalicelib.settings import get_settings

logger = logging.getLogger(__name__)

#: Beats that may be missed, because the machine is busy or the database slow.
_MISSED_BEATS = 6
#: Longest that one beat may take: statements have 30 seconds each.
_SLOWEST_SECONDS = 60.0


def note_health(path: str | None) -> None:
    """Say that the watchdog looked just now and found nothing; `path`: None to say nothing."""
    if path is None:
        return
    try:
        Path(path).touch()
    except OSError:  # the supervisor will see no trace; the worker works on
        logger.exception("HEALTH_FILE cannot be written")


def find_illness(path: str | None, beat_seconds: float) -> str | None:
    """What is wrong with the worker that touches `path`, None if nothing is."""
    if path is None:
        return "HEALTH_FILE is not set: the worker leaves no trace to look at"
    try:
        age = time.time() - Path(path).stat().st_mtime
    except OSError as error:
        return f"the worker has not begun to beat: {error}"
    if age > _MISSED_BEATS * beat_seconds + _SLOWEST_SECONDS:
        return f"the worker's last beat was {age:.0f} seconds ago"
    return None


def main() -> int:
    """Print what is wrong, if anything, and answer the exit status for it."""
    try:
        settings = get_settings()
        illness = find_illness(settings.health_file, settings.beat_seconds)
    except BellpullError as error:
        illness = error.message
    if illness is None:
        return 0
    sys.stderr.write(f"{illness}\n")
    return 1


if __name__ == "__main__":
    sys.exit(main())
