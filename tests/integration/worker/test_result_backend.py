"""What Celery clients read of jobs through AsyncResult."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import msgspec
import pytest
from billiard.exceptions import WorkerLostError
from celery import Celery
from celery.exceptions import TaskRevokedError
from celery.result import AsyncResult, GroupResult, result_from_tuple
from kombu.utils import json as kombu_json
from sqlalchemy import Engine

from chalicelib.db.engine import make_engine
from chalicelib.errors import DatabaseUnavailable, PermanentError
from tests.factories.attempts import read_attempts
from tests.factories.jobs import create_job, read_job
from worker.result_backend import JobsBackend
from worker.tasks.faults import describe
from worker.tasks.results import encode_result


@pytest.fixture
def backend(engine: Engine) -> JobsBackend:
    return JobsBackend(app=Celery("reader", set_as_current=False))


def _result(backend: JobsBackend, job_id: str) -> AsyncResult:
    return AsyncResult(job_id, backend=backend, app=backend.app)


class _Request:
    """What Celery hands over when its main process records an end."""

    def __init__(self, row: Any) -> None:
        self.id, self.task = row.id, row.task
        self.claim_id, self.worker_id = row.claim_id, row.worker_id
        self.chord = self.chain = self.errbacks = None


def test_unknown_job_is_pending(backend: JobsBackend) -> None:
    result = _result(backend, "nobody")
    assert result.state == "PENDING"
    assert not result.ready()


@pytest.mark.parametrize("state", ["PENDING", "STARTED"])
def test_job_without_an_end_is_not_ready(backend: JobsBackend, engine: Engine, state: str) -> None:
    result = _result(backend, create_job(engine, state=state).id)
    assert result.state == state
    assert not result.ready()


@pytest.mark.parametrize("value", [None, 0, False, "", [1, {"a": None}], 2**70, 1.5, "\u0000 ü"])
def test_result_is_read_as_it_was_returned(
    backend: JobsBackend, engine: Engine, value: Any
) -> None:
    raw = None if value is None else msgspec.Raw(_encode(value))
    row = create_job(engine, state="SUCCESS", result=raw)
    result = _result(backend, row.id)
    assert result.get(timeout=1) == value
    assert result.successful()
    assert isinstance(result.date_done, dt.datetime)


@pytest.mark.parametrize("value", [uuid.UUID(int=7), dt.datetime(2026, 1, 2, 3, 4, tzinfo=dt.UTC)])
def test_dates_and_uuids_come_back_as_such(
    backend: JobsBackend, engine: Engine, value: Any
) -> None:
    row = create_job(engine, state="SUCCESS", result=msgspec.Raw(_encode(value)))
    assert _result(backend, row.id).get(timeout=1) == value


def test_failure_is_raised_as_its_class_with_its_words(
    backend: JobsBackend, engine: Engine
) -> None:
    error = {"type": "KeyError", "module": "builtins", "message": "no key", "traceback": "line 1"}
    result = _result(backend, create_job(engine, state="FAILURE", error=error).id)
    with pytest.raises(KeyError, match="no key"):
        result.get(timeout=1)
    assert result.failed()
    assert result.traceback == "line 1"


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (KeyError("no key"), ["no key"]),
        (OSError(2, "no file"), [2, "no file"]),
        (ValueError("only words"), None),
        (ValueError(), []),
        (ValueError(object()), None),
        (ValueError("x" * 5000, 1), None),
        (PermanentError("said"), None),
    ],
)
def test_failure_is_made_anew_of_what_it_was_made_of(
    backend: JobsBackend, engine: Engine, error: Exception, kept: list[Any] | None
) -> None:
    fault = describe(error, retryable=False)
    assert fault.arguments == kept
    row = create_job(engine, state="FAILURE", error=fault)
    raised = _result(backend, row.id).result
    assert type(raised) is type(error)
    if kept:
        assert raised.args == error.args


def test_result_that_is_a_celery_result_is_kept_as_celery_keeps_it(
    backend: JobsBackend, engine: Engine
) -> None:
    group = GroupResult("group-1", [_result(backend, "job-1"), _result(backend, "job-2")])
    row = create_job(engine, state="SUCCESS", result=encode_result(engine, group))
    found = result_from_tuple(_result(backend, row.id).get(timeout=1), backend.app)
    assert [each.id for each in found.results] == ["job-1", "job-2"]


def test_failure_of_a_class_that_is_not_here_is_raised_all_the_same(
    backend: JobsBackend, engine: Engine
) -> None:
    error = {"type": "Strange", "module": "no.such.module", "message": "odd"}
    result = _result(backend, create_job(engine, state="FAILURE", error=error).id)
    with pytest.raises(Exception, match="odd"):
        result.get(timeout=1)


def test_class_name_in_a_row_runs_no_code(backend: JobsBackend, engine: Engine) -> None:
    error = {"type": "system", "module": "os", "message": "exit 7"}
    result = _result(backend, create_job(engine, state="FAILURE", error=error).id)
    with pytest.raises(Exception, match="system"):
        result.get(timeout=1)


def test_revoked_job_is_raised_as_celery_does(backend: JobsBackend, engine: Engine) -> None:
    result = _result(backend, create_job(engine, state="REVOKED").id)
    assert result.state == "REVOKED"
    with pytest.raises(TaskRevokedError):
        result.get(timeout=1)


def test_lost_process_is_recorded_and_the_job_runs_again(
    backend: JobsBackend, engine: Engine
) -> None:
    row = create_job(engine, state="STARTED")
    error = WorkerLostError("Worker exited prematurely: signal 9 (SIGKILL)")
    backend.mark_as_failure(row.id, error, request=_Request(row))
    after = read_job(engine, row.id)
    assert after.state == "RETRY"
    assert after.error["code"] == "worker-lost"
    assert [one.outcome for one in read_attempts(engine, row.id)] == ["failed"]


def test_lost_process_at_the_last_attempt_ends_the_job(
    backend: JobsBackend, engine: Engine
) -> None:
    row = create_job(engine, state="STARTED", attempts=3, max_attempts=3)
    backend.mark_as_failure(row.id, WorkerLostError("gone"), request=_Request(row))
    assert read_job(engine, row.id).state == "FAILURE"


def test_failure_of_a_claim_that_was_lost_changes_nothing(
    backend: JobsBackend, engine: Engine
) -> None:
    row = create_job(engine, state="STARTED")
    request = _Request(row)
    request.claim_id = "another"
    backend.mark_as_failure(row.id, WorkerLostError("gone"), request=request)
    assert read_job(engine, row.id) == row


def test_expiry_is_recorded_though_the_database_was_away_for_a_moment(
    backend: JobsBackend, engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[str] = []

    def end_expired(_: Engine, job_id: str, __: Any) -> None:
        tries.append(job_id)
        if len(tries) == 1:
            raise DatabaseUnavailable

    row = create_job(engine)
    backend.app.task(name=row.task, shared=False)(end_expired)
    monkeypatch.setattr("worker.result_backend.end_expired", end_expired)
    monkeypatch.setattr("worker.result_backend.make_foreign_job", lambda *_: None)
    backend.mark_as_revoked(row.id, "expired", request=_Request(row))
    assert tries == [row.id, row.id]


def test_forgotten_result_is_gone_and_the_job_stays(backend: JobsBackend, engine: Engine) -> None:
    row = create_job(engine, state="SUCCESS", result=msgspec.Raw(b'"secret"'))
    _result(backend, row.id).forget()
    assert read_job(engine, row.id).result is None
    assert read_job(engine, row.id).state == "SUCCESS"


def test_banner_shows_the_database_without_its_password(
    backend: JobsBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = make_engine("mysql+pymysql://ann:hush@127.0.0.1/bellpull")
    monkeypatch.setattr("worker.process.engine", lambda: engine)
    assert "hush" not in backend.as_uri()
    assert "ann" in backend.as_uri()


def _encode(value: Any) -> bytes:
    return str(kombu_json.dumps(value)).encode()
