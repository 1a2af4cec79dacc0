"""Which bells must have been heard by now, so that those that were not are known as lost."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Engine, select

from chalicelib.db.clock import seconds_from_now
from chalicelib.db.engine import connect
from chalicelib.db.tables import workers

#: A bell counts as lost when it was due this long before all that workers hear now: it may
#: be sent some seconds after its row says so, and SQS keeps order only roughly.
_MARGIN = timedelta(seconds=20)
#: A worker whose heartbeat is older says nothing about the present: five beats by default.
_FRESH_SECONDS = 25


def read_marks(engine: Engine) -> dict[str, datetime]:
    """Per queue, the moment before which every bell was heard or is lost.

    Each worker writes with its heartbeat how many seconds ago it had heard everything that
    was in a queue (ages, so that its clock does not matter); the most cautious of those
    who know something about a queue is believed.
    """
    with connect(engine) as connection:
        rows = connection.execute(
            select(workers.c.heard, workers.c.last_heartbeat_at).where(
                workers.c.last_heartbeat_at > seconds_from_now(-_FRESH_SECONDS)
            )
        ).all()
    marks: dict[str, datetime] = {}
    for row in rows:
        for queue, age_seconds in row.heard.items():
            at = row.last_heartbeat_at - timedelta(seconds=age_seconds) - _MARGIN
            marks[queue] = min(at, marks.get(queue, at))
    return marks
