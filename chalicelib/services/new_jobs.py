"""New jobs: what a client asks for as the row and the bell that it becomes."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta
from functools import lru_cache
from types import SimpleNamespace
from typing import Any

import msgspec
from sqlalchemy import Connection, insert
from sqlalchemy.engine import Dialect

from chalicelib.broker.bell import MAX_DELAY_SECONDS
from chalicelib.broker.contracts import TaskContract
from chalicelib.broker.message import Bell
from chalicelib.db.prepared import Prepared
from chalicelib.db.tables import job_tags, jobs
from chalicelib.domain.ids import new_id
from chalicelib.domain.jobs import HELD, JobState
from chalicelib.schemas.webhooks import JobWebhook
from chalicelib.services.keys import join_line
from chalicelib.services.upstreams import upstream_of
from chalicelib.tracing import trace_columns

#: One statement whatever a job has, so that it is compiled once.
_INSERT = insert(jobs)
_INSERT_TAGS = insert(job_tags)
_EMPTY: dict[str, Any] = dict.fromkeys(column.name for column in jobs.c)


class NewJob(msgspec.Struct, frozen=True, kw_only=True):
    """What a client asks for; parameters are valid for the contract."""

    contract: TaskContract
    parameters: msgspec.Struct | dict[str, Any]
    #: Seconds from now until it may run.
    delay_seconds: float = 0.0
    #: The moment until which it must not run, if that is how it was said.
    run_at: datetime | None = None
    #: None for each of these: what the contract says.
    queue: str | None = None
    max_attempts: int | None = None
    timeout_seconds: int | None = None
    tags: Sequence[str] = ()
    #: Whether no unfinished job with the same task and parameters may be beside it.
    is_unique: bool = False
    #: Jobs of a project that share a key run one at a time, in order of submission.
    key: str | None = None
    #: Whether it takes the place of those of the same key and task that wait.
    supersedes: bool = False
    #: The token that submits it.
    created_by: str | None = None
    #: Who is told of its end besides the webhooks of the project.
    webhook: JobWebhook | None = None
    #: What it calls, where that is known better than from its contract and the settings.
    upstream: str | None = None
    #: For who has to know that no other job has it; one is drawn otherwise.
    job_id: str | None = None


#: Columns of a new job, its bell, and whether it supersedes.
Made = tuple[dict[str, Any], Bell, bool]


def make_job(project_id: str, new: NewJob, at: datetime) -> Made:
    """The columns of a new job, its bell, and whether it supersedes.

    `rung_at` is written here, before the bell is rung, and taken back when ringing fails:
    that saves each request a statement. A process that dies between the two leaves a job
    whose bell counts as lost, and the dispatcher rings those again.
    """
    contract = new.contract
    run_at = max(at, new.run_at or at + timedelta(seconds=new.delay_seconds))
    parameters = msgspec.Raw(msgspec.json.encode(new.parameters))
    bell = Bell(
        job_id=new.job_id or new_id(),
        task=contract.name,
        queue=new.queue or contract.queue,
        project_id=project_id,
        parameters=parameters,
        delay_seconds=-int(-(run_at - at).total_seconds() // 1),
        timeout_seconds=new.timeout_seconds,
        key=new.key,
        **trace_columns(),
    )
    digest = _digest(project_id, contract.name, new.parameters) if new.is_unique else None
    values = {
        "id": bell.job_id,
        "project_id": project_id,
        "task": contract.name,
        "queue": bell.queue,
        "parameters": parameters,
        "state": JobState.PENDING.value,
        "created_at": at,
        "run_at": run_at,
        "rung_at": at if bell.delay_seconds <= MAX_DELAY_SECONDS else None,
        "attempts": 0,
        "max_attempts": new.max_attempts or contract.retry.max_attempts,
        "tags": list(new.tags) or None,
        "timeout_seconds": new.timeout_seconds,
        "created_by": new.created_by,
        "unique_digest": digest,
        "key": new.key,
        "not_before": None,
        "supersedes": None,
        "held_by": None,
        "request_id": bell.request_id,
        "traceparent": bell.traceparent,
        "upstream": new.upstream or upstream_of(contract, project_id),
    }
    return values, bell, new.supersedes


def insert_made(connection: Connection, made: Sequence[Made]) -> list[Bell]:
    """Insert the rows of new jobs and of their tags: a statement for each kind.

    Returns the bells to ring after the commit. What is held is noted in the columns.
    """
    plain = [one for one in made if one[1].key is None]
    # In one order everywhere, so that two requests for the same keys do not deadlock.
    keyed = sorted((one for one in made if one[1].key is not None), key=lambda one: str(one[1].key))
    rows = [values for values, *_ in plain]
    if len(rows) == 1:
        _insert_one(connection, rows[0])
    elif rows:
        connection.execute(_INSERT, rows)
    bells = [bell for _, bell, _ in plain]
    for values, bell, supersedes in keyed:
        bells += _join(connection, values, bell, supersedes=supersedes)
        connection.execute(_INSERT, values)
    tags = [
        {
            "project_id": values["project_id"],
            "tag": tag,
            "created_at": values["created_at"],
            "job_id": values["id"],
        }
        for values, *_ in made
        for tag in values["tags"] or ()
    ]
    if tags:
        connection.execute(_INSERT_TAGS, tags)
    return bells


def _join(
    connection: Connection, values: dict[str, Any], bell: Bell, supersedes: bool
) -> list[Bell]:
    """Let a job with a key join its line; returns the bells to ring, its own or others'."""
    assert bell.key is not None
    in_place_of = bell.task if supersedes else None
    joined = join_line(connection, bell.project_id, bell.key, bell.job_id, in_place_of=in_place_of)
    values["supersedes"] = joined.supersedes or None
    if joined.is_its_turn:
        return [bell]
    values |= {"not_before": values["run_at"], "run_at": HELD, "rung_at": None}
    values["held_by"] = "key"
    return joined.bells


def _insert_one(connection: Connection, values: dict[str, Any]) -> None:
    """Without the columns that are null: each one less is a few microseconds less."""
    given = {name: value for name, value in values.items() if value is not None}
    _insert_of(connection.dialect, tuple(given)).execute(connection, given)


@lru_cache(maxsize=64)
def _insert_of(dialect: Dialect, names: tuple[str, ...]) -> Prepared:
    return Prepared(insert(jobs).values(dict.fromkeys(names)), dialect)


def as_row(values: dict[str, Any]) -> SimpleNamespace:
    """What a SELECT would say of a job that was just inserted."""
    return SimpleNamespace(**{**_EMPTY, **values})


def _digest(project_id: str, task: str, parameters: Any) -> str:
    said = msgspec.json.encode((project_id, task, parameters), order="deterministic")
    return hashlib.sha256(said).hexdigest()
