"""Keys: jobs that share one run one at a time, in order of submission.

A job with a key joins the key's line. While it is not its turn it is held: its `run_at` is
HELD, for which neither a claim nor the dispatcher ever finds it due, so that waiting costs
nothing and claims need not know of keys. When a job of the line has ended the next one is
let go. That happens after the outcome is committed, by whoever recorded it; should that one
die in between, the dispatcher's sweep does it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import partial
from typing import Any

import msgspec
from sqlalchemy import (
    Connection,
    Engine,
    and_,
    delete,
    func,
    insert,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import mysql, sqlite

from chalicelib.broker.bell import MAX_DELAY_SECONDS
from chalicelib.broker.message import Bell
from chalicelib.db.clock import now
from chalicelib.db.engine import connect, in_transaction
from chalicelib.db.tables import job_key_places, job_keys, jobs
from chalicelib.domain.jobs import FINAL, WAITING
from chalicelib.services.claims import transition
from chalicelib.services.followers import plan_failure
from chalicelib.services.job_lifecycle import make_bell
from chalicelib.services.outcomes import Fault, JobFacts, settle_cancelled

_FINAL = sorted(state.value for state in FINAL)
_WAITING = sorted(state.value for state in WAITING)

#: Places looked at in one statement.
_CHUNK = 100


class Joined(msgspec.Struct, frozen=True):
    """What became of a job that joined the line of its key."""

    #: Whether there is nobody before it.
    is_its_turn: bool
    #: The jobs whose place it took.
    supersedes: list[str]
    #: Bells of others to ring after the commit.
    bells: list[Bell]


def join_line(
    connection: Connection,
    project_id: str,
    key: str,
    job_id: str,
    *,
    in_place_of: str | None = None,
) -> Joined:
    """Put a job that is about to be written into the line of its key.

    One whose turn it is not has to be written with `run_at` HELD.
    `in_place_of`: waiting jobs of this task and key are ended as REVOKED in its favour.
    """
    key_id = identify(project_id, key)
    place = _take_place(connection, key_id)
    gone = [] if in_place_of is None else _supersede(connection, key_id, in_place_of, job_id)
    bells = _let_next_go(connection, key_id)
    connection.execute(insert(job_key_places).values(key_id=key_id, place=place, job_id=job_id))
    return Joined(bells is None, gone, bells or [])


def advance(engine: Engine, project_id: str, key: str) -> list[Bell]:
    """Let the next job of a key go if the one before has ended; returns bells to ring."""
    return in_transaction(
        engine, lambda connection: _advance(connection, identify(project_id, key))
    )


def sweep(engine: Engine) -> list[Bell]:
    """Let go the jobs whose turn has come and whom nobody told; returns bells to ring."""
    places = job_key_places.c
    heads = select(places.key_id, func.min(places.place).label("place")).group_by(places.key_id)
    first = heads.subquery()
    query = (
        select(places.key_id)
        .join(first, and_(places.key_id == first.c.key_id, places.place == first.c.place))
        .outerjoin(jobs, jobs.c.id == places.job_id)
        .where(or_(jobs.c.id.is_(None), jobs.c.state.in_(_FINAL)))
        .limit(_CHUNK)
    )
    with connect(engine) as connection:
        stuck = list(connection.execute(query).scalars())
    bells: list[Bell] = []
    for key_id in stuck:
        bells += in_transaction(engine, partial(_advance, key_id=key_id))
    return bells


def identify(project_id: str, key: str) -> str:
    """The id of a project's key."""
    return hashlib.sha256(f"{project_id}\0{key}".encode()).hexdigest()


def _take_place(connection: Connection, key_id: str) -> int:
    """The next place in a line, whose lock is held from now on; the line is made if need be."""
    values = {"id": key_id, "last_place": 1}
    following = {"last_place": job_keys.c.last_place + 1}
    statement: Any
    if connection.dialect.name == "sqlite":
        statement = sqlite.insert(job_keys).values(values)
        statement = statement.on_conflict_do_update(index_elements=["id"], set_=following)
    else:
        statement = mysql.insert(job_keys).values(values).on_duplicate_key_update(**following)
    connection.execute(statement)
    place: int = connection.execute(
        select(job_keys.c.last_place).where(job_keys.c.id == key_id)
    ).scalar_one()
    return place


def _advance(connection: Connection, key_id: str) -> list[Bell]:
    locked = select(job_keys.c.id).where(job_keys.c.id == key_id).with_for_update()
    if connection.execute(locked).one_or_none() is None:
        return []
    bells = _let_next_go(connection, key_id)
    if bells is None:
        connection.execute(delete(job_keys).where(job_keys.c.id == key_id))
    return bells or []


def _let_next_go(connection: Connection, key_id: str) -> list[Bell] | None:
    """Take those who have ended out of the line, and let the first of the others go.

    Returns the bells to ring, None if nobody is left.
    """
    while line := _read_line(connection, key_id):
        over = [each.place for each in line if each.state is None or each.state in _FINAL]
        if over:
            connection.execute(
                delete(job_key_places).where(
                    job_key_places.c.key_id == key_id, job_key_places.c.place.in_(over)
                )
            )
        for each in line:
            if each.place not in over:
                return _let_go(connection, each.job_id)
        if len(line) < _CHUNK:
            break
    return None


def _read_line(connection: Connection, key_id: str) -> Sequence[Any]:
    query = (
        select(job_key_places.c.place, job_key_places.c.job_id, jobs.c.state)
        .select_from(job_key_places.outerjoin(jobs, jobs.c.id == job_key_places.c.job_id))
        .where(job_key_places.c.key_id == key_id)
        .order_by(job_key_places.c.place)
        .limit(_CHUNK)
    )
    return connection.execute(query).all()


def _let_go(connection: Connection, job_id: str) -> list[Bell]:
    """Let a held job run when it wants to; nothing happens to one that was let go before."""
    done = connection.execute(
        update(jobs)
        .where(jobs.c.id == job_id, jobs.c.state.in_(_WAITING), jobs.c.held_by == "key")
        .values(run_at=func.coalesce(jobs.c.not_before, now()), rung_at=null(), held_by=null())
    )
    if done.rowcount == 0:
        return []
    row = connection.execute(select(jobs, now().label("at")).where(jobs.c.id == job_id)).one()
    wait = (row.run_at - row.at).total_seconds()
    if wait > MAX_DELAY_SECONDS:
        return []  # the dispatcher rings it
    connection.execute(update(jobs).where(jobs.c.id == job_id).values(rung_at=now()))
    return [make_bell(row, attempts=row.attempts, delay_seconds=wait)]


def _supersede(connection: Connection, key_id: str, task: str, job_id: str) -> list[str]:
    """End the jobs of a task that wait in the line, in favour of `job_id`; returns their ids."""
    waiting = connection.execute(
        select(jobs)
        .join(job_key_places, job_key_places.c.job_id == jobs.c.id)
        .where(job_key_places.c.key_id == key_id, jobs.c.task == task, jobs.c.state.in_(_WAITING))
        .order_by(job_key_places.c.place)
        .with_for_update()
    ).all()
    fault = Fault(
        type="Superseded",
        code="superseded",
        message=f"A newer job of the same key took its place: {job_id}.",
        retryable=False,
    )
    for row in waiting:
        connection.execute(
            transition("cancel")
            .where(jobs.c.id == row.id)
            .values(error=fault, superseded_by=job_id, finished_at=now(), lease_expires_at=null())
        )
        settle_cancelled(connection, JobFacts.from_row(row))
        plan_failure(connection, row)
    return [row.id for row in waiting]
