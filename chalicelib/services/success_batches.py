"""Successes of many jobs, recorded by one statement."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import msgspec
from sqlalchemy import ColumnElement, Engine, String, Text, case, null, select
from sqlalchemy.engine import Dialect
from sqlalchemy.exc import DBAPIError

from chalicelib.db.clock import now
from chalicelib.db.engine import connect, in_transaction
from chalicelib.db.prepared import Prepared, named, round_size
from chalicelib.db.tables import jobs
from chalicelib.domain import jsontext
from chalicelib.domain.jobs import JobState
from chalicelib.errors import RowLocked
from chalicelib.services.claims import Claim, are_held, transition
from chalicelib.services.delivery_plans import IS_WATCHED
from chalicelib.services.job_lifecycle import record_success, succeed

logger = logging.getLogger(__name__)


class Recorded(msgspec.Struct, frozen=True):
    """The ids of jobs whose success was not recorded."""

    #: Their claim was lost: nothing of them was changed.
    lost: set[str]
    #: Another transaction is at their rows: to be tried again.
    locked: set[str]


def succeed_many(engine: Engine, results: Sequence[tuple[Claim, msgspec.Raw | None]]) -> Recorded:
    """Record SUCCESS of many jobs that change nothing besides themselves: one statement.

    Those that somebody wants to hear of take a transaction. A row that is locked, or anything
    else that is wrong with one of them, makes it one by one.
    """
    try:
        return Recorded(lost=_succeed_together(engine, results), locked=set())
    except (RowLocked, DBAPIError):
        lost, locked = set[str](), set[str]()
        for held, result in results:
            try:
                if not succeed(engine, held, result):
                    lost.add(held.job_id)
            except RowLocked:
                locked.add(held.job_id)
            except DBAPIError:
                logger.exception("success cannot be recorded: job_id=%s", held.job_id)
                lost.add(held.job_id)
        return Recorded(lost=lost, locked=locked)


def _succeed_together(
    engine: Engine, results: Sequence[tuple[Claim, msgspec.Raw | None]]
) -> set[str]:
    """Returns the ids of the jobs whose claim was lost."""
    claims = [held for held, _ in results]
    count = round_size(len(results))
    values: dict[str, str | None] = {}
    for number, (held, result) in enumerate(results):
        values[f"id_{number}"], values[f"claim_{number}"] = held.job_id, held.claim_id
        values[f"result_{number}"] = None if result is None else jsontext.encode(result)
    # The rest names a job again; what it would get is not looked at, for it was found before.
    values.update((f"id_{number}", claims[0].job_id) for number in range(len(claims), count))
    statement = _succeed_statement(engine.dialect, count)
    with connect(engine) as connection:
        if statement.execute(connection, values).rowcount == len(results):
            return set()
        # An earlier try of ours may have succeeded, and its answer been lost.
        recorded = connection.execute(
            select(jobs.c.id).where(are_held(claims), jobs.c.state == JobState.SUCCESS.value)
        )
        found = set(recorded.scalars())
    left = [(held, result) for held, result in results if held.job_id not in found]
    # In one order everywhere, so that two workers do not deadlock.
    left.sort(key=lambda each: each[0].job_id)
    return in_transaction(
        engine,
        lambda connection: {
            held.job_id for held, result in left if not record_success(connection, held, result)
        },
    )


@lru_cache(maxsize=32)
def _succeed_statement(dialect: Dialect, count: int) -> Prepared:
    ids = [named(f"id_{number}", String()) for number in range(count)]

    def by_job(name: str) -> ColumnElement[Any]:
        return case(
            *((jobs.c.id == one, named(f"{name}_{i}", Text())) for i, one in enumerate(ids))
        )

    statement = (
        transition("succeed")
        .where(jobs.c.id.in_(ids), jobs.c.claim_id == by_job("claim"), ~IS_WATCHED.element)
        .values(result=by_job("result"), error=null(), finished_at=now(), lease_expires_at=null())
    )
    return Prepared(statement, dialect)
