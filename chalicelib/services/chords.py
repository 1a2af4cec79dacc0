"""Chords: their parts are counted, and their bodies made or ended, exactly once each."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Engine, delete, insert, null, select, type_coerce, update
from sqlalchemy.types import Text

from chalicelib.db.clock import now, seconds_from_now
from chalicelib.db.engine import connect
from chalicelib.db.tables import chords, jobs
from chalicelib.domain.jobs import FINAL, WAITING, JobState
from chalicelib.services.outcomes import Fault

_WAITING = sorted(state.value for state in WAITING)
_FINAL = sorted(state.value for state in FINAL)
#: Chords looked at in one pass of the cleaner.
_CHUNK = 100


def count_part(connection: Connection, chord_id: str) -> list[Any] | None:
    """A part of a chord has succeeded: the results of all, once, if it was the last; or None.

    Results are JSON texts, None where a task returned nothing.
    """
    connection.execute(
        update(chords).where(chords.c.id == chord_id).values(missing=chords.c.missing - 1)
    )
    chord = connection.execute(
        select(chords.c.missing, chords.c.parts).where(chords.c.id == chord_id).with_for_update()
    ).one_or_none()
    if chord is None or chord.missing > 0:
        return None
    found = connection.execute(
        select(jobs.c.id, type_coerce(jobs.c.result, Text).label("result")).where(
            jobs.c.id.in_(chord.parts)
        )
    )
    results = {row.id: row.result for row in found}
    connection.execute(delete(chords).where(chords.c.id == chord_id))
    return [results.get(part) for part in chord.parts]


def add_part(connection: Connection, chord_id: str, job_id: str) -> None:
    """Have a chord wait for one more part, whose result comes last; nothing if it has ended."""
    chord = connection.execute(
        select(chords.c.parts).where(chords.c.id == chord_id).with_for_update()
    ).one_or_none()
    if chord is not None:
        changed = {"missing": chords.c.missing + 1, "parts": [*chord.parts, job_id]}
        connection.execute(update(chords).where(chords.c.id == chord_id).values(changed))


def is_unbroken(engine: Engine, chord_id: str) -> bool:
    """Whether a chord still waits for its parts."""
    with connect(engine) as connection:
        found = connection.execute(select(chords.c.id).where(chords.c.id == chord_id))
        return found.one_or_none() is not None


def break_chord(connection: Connection, chord_id: str) -> bool:
    """A part of a chord will not succeed. True for the first that says so."""
    return connection.execute(delete(chords).where(chords.c.id == chord_id)).rowcount == 1


def clean(engine: Engine, retention_days: int) -> int:
    """Forget chords begun more than this many days ago of which no part is unfinished.

    The client died before it had sent the parts, or what told of their end was cleaned away.
    """
    gone = 0
    with connect(engine) as connection:
        old = connection.execute(
            select(chords.c.id, chords.c.parts)
            .where(chords.c.created_at < seconds_from_now(-86_400.0 * retention_days))
            .order_by(chords.c.created_at)
            .limit(_CHUNK)
        ).all()
        for chord in old:
            unfinished = select(jobs.c.id).where(
                jobs.c.id.in_(chord.parts), jobs.c.state.not_in(_FINAL)
            )
            if connection.execute(unfinished.limit(1)).first() is None:
                gone += break_chord(connection, chord.id)
    return gone


def end_unborn(connection: Connection, job_id: str, values: dict[str, Any], fault: Fault) -> None:
    """Have a job that will never begin end as FAILURE, in a row of its own if need be."""
    ended = {"error": fault, "finished_at": now(), "held_by": null()}
    there = connection.execute(select(jobs.c.id).where(jobs.c.id == job_id)).one_or_none()
    if there is None:
        connection.execute(
            insert(jobs).values(
                id=job_id,
                state=JobState.FAILURE.value,
                created_at=now(),
                run_at=now(),
                attempts=0,
                **values,
                **ended,
            )
        )
        return
    connection.execute(
        update(jobs)
        .where(jobs.c.id == job_id, jobs.c.held_by == "canvas", jobs.c.state.in_(_WAITING))
        .values(state=JobState.FAILURE.value, **ended)
    )
