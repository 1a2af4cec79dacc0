"""How many jobs are done; a job that failed ends the run with what the worker said."""

from __future__ import annotations

from typing import Any

from tests.benchmarks.lab import PROJECT, Lab, Room

#: Both counts are read from an index alone, so that looking costs the contestants little. What
#: is finished and neither failed nor revoked is SUCCESS.
_LOOK = """
SELECT COUNT(*), (SELECT COUNT(*) FROM jobs
  WHERE project_id = %s AND state IN ('FAILURE', 'REVOKED'))
FROM jobs WHERE finished_at >= %s
"""
_EVER = "1970-01-01"


class JobFailed(Exception):
    """A job of the bench failed: what was measured is not the work that was asked for."""


def count_done(lab: Lab, room: Room, cursor: Any, since: str = _EVER) -> int:
    """Jobs that ended as SUCCESS since then, by one statement; `cursor` is of the room's database.

    Raises JobFailed if one has ended otherwise.
    """
    cursor.execute(_LOOK, (PROJECT, since))
    finished, failed = cursor.fetchall()[0]
    refuse_failures(lab, room, int(failed))
    return int(finished)


def refuse_failures(lab: Lab, room: Room, failed: int) -> None:
    """Raise JobFailed, with what the worker said, if a job has failed."""
    if failed:
        raise JobFailed(f"{failed} jobs failed: {lab.told(room)}")
