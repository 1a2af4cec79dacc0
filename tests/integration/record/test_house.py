"""Old jobs are deleted in chunks, and workers that are gone are pruned."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine, event

from chalicelib.db.clock import seconds_from_now
from chalicelib.db.tables import attempts, audit_entries, jobs, workers
from chalicelib.services import audit, dispatcher
from chalicelib.services import workers as workers_service
from chalicelib.services.dispatcher import clean, keep_house
from chalicelib.services.workers import WorkerFacts
from tests.factories.attempts import create_attempt
from tests.factories.jobs import create_job
from tests.factories.rows import read_rows
from tests.factories.workers import create_worker

DAY = 86_400.0
FACTS = WorkerFacts(id="worker-1", hostname="host", pid=7, concurrency=4, queues=["default"])


def test_job_older_than_its_days_leaves_with_its_attempts(engine: Engine) -> None:
    old = create_job(engine, state="FAILURE", finished_at=seconds_from_now(-31 * DAY))
    young = create_job(engine, state="FAILURE", finished_at=seconds_from_now(-29 * DAY))
    create_attempt(engine, old.id)
    kept = create_attempt(engine, young.id)
    assert clean(engine, 30) == 1
    assert [row.id for row in read_rows(engine, jobs)] == [young.id]
    assert [row.id for row in read_rows(engine, attempts)] == [kept.id]


def test_job_that_has_not_ended_stays_however_old(engine: Engine) -> None:
    for state in ("PENDING", "RETRY", "STARTED"):
        create_job(engine, state=state, created_at=seconds_from_now(-900 * DAY))
    assert clean(engine, 30) == 0
    assert len(read_rows(engine, jobs)) == 3


def test_old_jobs_leave_in_chunks_by_primary_key(engine: Engine) -> None:
    rows = [
        {
            "id": f"job-{number}",
            "project_id": "demo",
            "task": "test.echo",
            "queue": "default",
            "parameters": {},
            "state": "SUCCESS",
            "attempts": 1,
            "max_attempts": 1,
        }
        for number in range(2300)
    ]
    past = seconds_from_now(-40 * DAY)
    with engine.connect() as connection:
        statement = jobs.insert().values(created_at=past, run_at=past, finished_at=past)
        for start in range(0, len(rows), 500):
            connection.execute(statement, rows[start : start + 500])
    deleted = []

    def note(_conn: object, cursor: object, statement: str, *_: object) -> None:
        if statement.startswith("DELETE"):
            assert "WHERE jobs.id IN" in statement
            deleted.append(cursor.rowcount)  # type: ignore[attr-defined]

    event.listen(engine, "after_cursor_execute", note)
    assert clean(engine, 30) == 2300
    assert deleted == [1000, 1000, 300]
    assert read_rows(engine, jobs) == []


@pytest.mark.parametrize(("days", "left"), [(0, 1), (30, 0)])
def test_zero_days_keep_jobs_for_ever(engine: Engine, days: int, left: int) -> None:
    create_job(engine, state="SUCCESS", finished_at=seconds_from_now(-999 * DAY))
    keep_house(engine, lease_seconds=40.0, retention_days=days, audit_retention_days=days)
    assert len(read_rows(engine, jobs)) == left


@pytest.mark.parametrize(("days", "left"), [(0, 2), (365, 1)])
def test_entry_of_the_audit_leaves_after_its_days(engine: Engine, days: int, left: int) -> None:
    write_entries(engine, 1, days_ago=366)
    write_entries(engine, 1, days_ago=364)
    keep_house(engine, lease_seconds=40.0, retention_days=30, audit_retention_days=days)
    assert len(read_rows(engine, audit_entries)) == left


def test_old_entries_of_the_audit_leave_in_chunks(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(audit, "_CHUNK", 10)
    monkeypatch.setattr(audit, "_ROUNDS", 2)
    write_entries(engine, 25, days_ago=400)
    assert [audit.clean(engine, 365) for _ in range(3)] == [20, 5, 0]


def write_entries(engine: Engine, count: int, *, days_ago: float) -> None:
    with engine.connect() as connection:
        for _ in range(count):
            entry_id = audit.record(connection, "demo", "jobs.cancel", None)
            old = audit_entries.update().where(audit_entries.c.id == entry_id)
            connection.execute(old.values(created_at=seconds_from_now(-days_ago * DAY)))


def test_worker_without_a_heartbeat_for_long_is_pruned(engine: Engine) -> None:
    create_worker(engine, last_heartbeat_at=seconds_from_now(-201))
    alive = create_worker(engine, last_heartbeat_at=seconds_from_now(-190))
    keep_house(engine, lease_seconds=40.0, retention_days=30, audit_retention_days=365)
    assert [row.id for row in read_rows(engine, workers)] == [alive.id]
    assert dispatcher._PRUNE_AFTER_LEASES * 40 == 200


def test_worker_signs_on_beats_and_signs_off(engine: Engine) -> None:
    workers_service.register(engine, FACTS)
    (before,) = read_rows(engine, workers)
    assert (before.hostname, before.pid, before.concurrency) == ("host", 7, 4)
    assert (before.queues, before.heard) == (["default"], {})
    workers_service.heartbeat(engine, FACTS, {"default": 1.5})
    (row,) = read_rows(engine, workers)
    assert row.heard == {"default": 1.5}
    assert row.last_heartbeat_at >= before.last_heartbeat_at
    assert row.started_at == before.started_at
    workers_service.deregister(engine, FACTS.id)
    assert read_rows(engine, workers) == []


def test_worker_that_was_pruned_by_mistake_signs_on_again(engine: Engine) -> None:
    workers_service.heartbeat(engine, FACTS, {"default": 1.0})
    assert [row.id for row in read_rows(engine, workers)] == ["worker-1"]


def test_two_heartbeats_within_one_tick_are_one_row(engine: Engine) -> None:
    """A row that an UPDATE found but did not change must not count as pruned."""
    for _ in range(20):
        workers_service.heartbeat(engine, FACTS, {})
    assert len(read_rows(engine, workers)) == 1
