"""Celery's canvas in the record: what follows a job is written together with its outcome.

The jobs that a chain, a link or a chord's body become are rows of the very transaction that
records the success before them, so none is lost and none is made twice, whoever dies when.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from sqlalchemy import Connection, insert, null, select, update

from chalicelib import enqueued
from chalicelib.broker.bell import MAX_DELAY_SECONDS
from chalicelib.broker.message import Bell
from chalicelib.db.clock import now
from chalicelib.db.engine import after_commit
from chalicelib.db.tables import chords, jobs
from chalicelib.domain.jobs import HELD, WAITING, JobState
from chalicelib.errors import RetryableError
from chalicelib.services.chords import break_chord, end_unborn
from chalicelib.services.claims import Claim, transition
from chalicelib.services.job_lifecycle import lock_claimed, make_bell
from chalicelib.services.outcomes import Fault

_WAITING = sorted(state.value for state in WAITING)


class Chord(msgspec.Struct, frozen=True, kw_only=True):
    """A chord that was begun: the id of its group, and the ids of its parts' jobs."""

    id: str
    parts: list[str]


class Sent(msgspec.Struct, kw_only=True):
    """What is to be written: columns of new jobs, by their ids, and chords."""

    jobs: dict[str, dict[str, Any]] = {}
    chords: list[Chord] = []
    #: Ids of chords of which a part ended without success.
    broken: list[str] = []
    #: By their ids, jobs that will never begin: columns of their rows, if they have none, and why.
    ended: dict[str, tuple[dict[str, Any], Fault]] = {}

    def add(self, other: Sent) -> None:
        """Have this written with what `other` says; what was said first of a job holds."""
        self.jobs = other.jobs | self.jobs
        self.chords += other.chords
        self.broken += other.broken
        self.ended = other.ended | self.ended


class ChordBroken(RetryableError):
    """Another part of the same chord ended without success at this moment."""

    code = "chord-broken"


def write_sent(connection: Connection, sent: Sent) -> list[Bell]:
    """Write jobs and chords; returns the bells to ring after the commit.

    A job of that id that waits to be replaced is what the new one says from now on.
    Raises ChordBroken if one that is to be broken is not there.
    """
    for chord_id in sent.broken:
        if not break_chord(connection, chord_id):
            raise ChordBroken
    for job_id, (values, fault) in sent.ended.items():
        end_unborn(connection, job_id, values, fault)
    for chord in sent.chords:
        connection.execute(
            insert(chords).values(
                id=chord.id, missing=len(chord.parts), parts=chord.parts, created_at=now()
            )
        )
    made = []
    for job_id, values in sent.jobs.items():
        there = connection.execute(
            select(jobs.c.held_by).where(jobs.c.id == job_id).with_for_update()
        ).one_or_none()
        if there is None:
            made.append(values["task"])
            connection.execute(
                insert(jobs).values(
                    id=job_id,
                    state=JobState.PENDING.value,
                    created_at=now(),
                    attempts=0,
                    rung_at=now(),
                    **values,
                )
            )
        elif there.held_by == "canvas":
            changes = {name: value for name, value in values.items() if name != "parent_id"}
            connection.execute(
                update(jobs)
                .where(jobs.c.id == job_id)
                .values(held_by=null(), rung_at=now(), **changes)
            )
    after_commit(connection, lambda _: enqueued.count(made))
    return _bells(connection, list(sent.jobs))


def replace(connection: Connection, held: Claim, sent: Sent) -> list[Bell] | None:
    """Let a claimed job be another from now on, or wait for a chord that ends as it.

    None if the claim was lost: nothing was written.
    """
    row = lock_claimed(connection, held)
    if row is None:
        return None
    connection.execute(
        transition("release")
        .where(jobs.c.id == row.id)
        .values(attempts=0, run_at=HELD, rung_at=null(), held_by="canvas", lease_expires_at=null())
    )
    return write_sent(connection, sent)


def _bells(connection: Connection, job_ids: Sequence[str]) -> list[Bell]:
    if not job_ids:
        return []
    rows = connection.execute(
        select(jobs, now().label("at")).where(
            jobs.c.id.in_(job_ids), jobs.c.state.in_(_WAITING), jobs.c.held_by.is_(None)
        )
    ).all()
    bells = []
    for row in rows:
        wait = (row.run_at - row.at).total_seconds()
        if wait > MAX_DELAY_SECONDS:
            connection.execute(update(jobs).where(jobs.c.id == row.id).values(rung_at=null()))
        else:
            bells.append(make_bell(row, attempts=row.attempts, delay_seconds=wait))
    return bells
