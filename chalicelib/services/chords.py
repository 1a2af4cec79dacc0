"""Chords: their parts are counted, and their bodies made or ended, exactly once each."""

from __future__ import annotations

from typing import Any

from sqlalchemy import Connection, Row, delete, insert, null, select, type_coerce, update
from sqlalchemy.types import Text

from chalicelib.db.clock import now
from chalicelib.db.tables import chords, jobs
from chalicelib.domain.ids import is_job_id
from chalicelib.domain.jobs import WAITING, JobState
from chalicelib.services.outcomes import Fault

_WAITING = sorted(state.value for state in WAITING)


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


def break_chord(connection: Connection, chord_id: str) -> bool:
    """A part of a chord will not succeed. True for the first that says so."""
    return connection.execute(delete(chords).where(chords.c.id == chord_id)).rowcount == 1


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


def give_up_chord_of(connection: Connection, row: Row[Any]) -> None:
    """A job ended without success where Celery does not see it: so does the body of its chord.

    `row`: of a job that was cancelled, or whose worker was lost.
    """
    message: dict[str, Any] = row.message or {}
    body = (message.get("embed") or {}).get("chord")
    group = (message.get("headers") or {}).get("group")
    if not isinstance(body, dict) or not is_job_id(group) or not break_chord(connection, group):
        return
    body_id = (body.get("options") or {}).get("task_id")
    if not is_job_id(body_id):
        return
    fault = Fault(
        type="ChordError",
        module="celery.exceptions",
        code="chord",
        message=f"Dependency {row.id} did not succeed.",
        retryable=False,
    )
    values = {
        "project_id": row.project_id,
        "task": str(body.get("task"))[:255],
        "queue": row.queue,
        "parameters": {},
        "max_attempts": 1,
        "parent_id": row.id,
    }
    end_unborn(connection, body_id, values, fault)
