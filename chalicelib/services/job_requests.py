"""What clients ask for as jobs: the task is known, its parameters fit, the times make sense."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import msgspec

from chalicelib.broker.contracts import all_contracts
from chalicelib.broker.queues import QUEUES
from chalicelib.domain.webhooks import find_url_problem
from chalicelib.errors import InvalidFields
from chalicelib.schemas.checking import Place, Problem, fit, to_pointer
from chalicelib.schemas.job_requests import MAX_WAIT_SECONDS, SubmittedJob
from chalicelib.services.new_jobs import NewJob
from chalicelib.settings import get_settings


def read_jobs(asked: Sequence[SubmittedJob], at: datetime, created_by: str | None) -> list[NewJob]:
    """The jobs of a batch. Raises InvalidFields with a pointer to each bad field."""
    problems: list[Problem] = []
    read = [
        _read(one, at, created_by, ("jobs", index), problems) for index, one in enumerate(asked)
    ]
    _require_none(problems)
    return [new for new in read if new is not None]


def read_job(asked: SubmittedJob, at: datetime, created_by: str | None) -> NewJob:
    """The job of a request. Raises InvalidFields with a pointer to each bad field."""
    problems: list[Problem] = []
    new = _read(asked, at, created_by, (), problems)
    _require_none(problems)
    assert new is not None
    return new


def _require_none(problems: list[Problem]) -> None:
    if problems:
        raise InvalidFields([(to_pointer(place), told) for place, told in problems])


def _read(
    asked: SubmittedJob,
    at: datetime,
    created_by: str | None,
    place: Place,
    problems: list[Problem],
) -> NewJob | None:
    """One job; None if something is wrong with it, which is added to `problems`."""
    found = [*_misfits(asked, at)]
    contract = all_contracts().get(asked.task)
    parameters: Any = None
    if contract is None:
        found.append((("task",), "There is no such task: GET /tasks lists them."))
    elif not contract.is_public:
        found.append((("task",), "Jobs of this task are made by the system alone."))
    else:
        try:
            parameters = msgspec.convert(asked.parameters, contract.parameters)
        except msgspec.ValidationError:
            fitted, bad = fit(asked.parameters, contract.parameters)
            found += [(("parameters", *where), told) for where, told in bad]
            parameters = None if bad else msgspec.convert(fitted, contract.parameters)
    if found or contract is None:
        problems += [((*place, *where), told) for where, told in found]
        return None
    return NewJob(
        contract=contract,
        parameters=parameters,
        delay_seconds=asked.delay_seconds or 0.0,
        run_at=asked.run_at,
        queue=asked.queue,
        max_attempts=asked.max_attempts,
        timeout_seconds=asked.timeout_seconds,
        tags=tuple(dict.fromkeys(asked.tags)),
        is_unique=asked.unique,
        key=asked.key,
        supersedes=asked.supersede,
        webhook=asked.webhook,
        created_by=created_by,
    )


def _misfits(asked: SubmittedJob, at: datetime) -> list[Problem]:
    found: list[Problem] = []
    if asked.run_at is not None and asked.delay_seconds is not None:
        found.append((("delay_seconds",), "Expected either this or run_at, not both."))
    if asked.run_at is not None and asked.run_at > at + timedelta(seconds=MAX_WAIT_SECONDS):
        found.append((("run_at",), "Expected a time within the next ten years."))
    if asked.supersede and asked.key is None:
        found.append((("supersede",), "Expected a key beside this."))
    if asked.queue is not None and asked.queue not in QUEUES:
        found.append((("queue",), f"Expected one of {', '.join(QUEUES)}."))
    if asked.webhook is not None:
        is_private_permitted = get_settings().webhooks_allow_private
        url = asked.webhook.url
        if problem := find_url_problem(url, is_private_permitted=is_private_permitted):
            found.append((("webhook", "url"), problem))
    return found
