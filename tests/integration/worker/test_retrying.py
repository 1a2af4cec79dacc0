"""`self.retry(args=...)`: what the next attempt runs with."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import Engine

from tests.factories.jobs import create_claimed_job, new_claim, read_job
from worker.tasks.retrying import ArgumentsUnusable, change_arguments

MESSAGE = {"args": [1], "embed": {"chain": []}, "headers": {"x": "y"}}


def test_changed_arguments_replace_those_of_the_row_and_keep_the_rest(engine: Engine) -> None:
    held = create_claimed_job(engine, message=MESSAGE, parameters={"a": 1})
    change_arguments(engine, held, (2, dt.date(2026, 1, 2)), {"b": 2})
    row = read_job(engine, held.job_id)
    assert row.parameters == {"b": 2}
    assert row.message["args"][0] == 2
    assert row.message["args"][1]["__type__"] == "date"  # as a message of Celery's carries it
    assert row.message["headers"] == {"x": "y"}


def test_what_is_not_given_stays(engine: Engine) -> None:
    held = create_claimed_job(engine, message=MESSAGE, parameters={"a": 1})
    change_arguments(engine, held, None, {"b": 2})
    assert read_job(engine, held.job_id).message == MESSAGE
    change_arguments(engine, held, [], None)
    row = read_job(engine, held.job_id)
    assert (row.parameters, row.message["args"]) == ({"b": 2}, [])


def test_claim_that_was_lost_changes_nothing(engine: Engine) -> None:
    held = create_claimed_job(engine, parameters={"a": 1})
    change_arguments(engine, new_claim(held.job_id), None, {"b": 2})
    assert read_job(engine, held.job_id).parameters == {"a": 1}


def test_arguments_that_are_no_json_are_refused(engine: Engine) -> None:
    held = create_claimed_job(engine)
    with pytest.raises(ArgumentsUnusable):
        change_arguments(engine, held, [object()], None)
