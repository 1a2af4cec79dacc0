"""The dispatcher finds its work by index: what has finished costs it nothing."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from sqlalchemy import Engine, insert, literal, select, text

from chalicelib.db.clock import seconds_from_now
from chalicelib.db.engine import make_engine
from chalicelib.db.tables import job_tags, jobs
from chalicelib.domain.jobs import JobState
from chalicelib.services.dispatcher import dispatch_due, rescue_lapsed, ring_due, ring_lost
from chalicelib.services.job_reading import JobFilter, list_newest
from chalicelib.services.leases import extend
from chalicelib.services.scheduling import make_due
from tests.factories.jobs import WORKER, create_job
from tests.factories.schedules import create_schedule
from tests.factories.workers import create_worker
from tests.statements import recorded

pytestmark = pytest.mark.usefixtures("sqs")

FINISHED_ROWS = 20_480
QUERIES = [ring_due, ring_lost, rescue_lapsed]


def fill(engine: Engine) -> None:
    """Finished jobs by the thousand, a few that wait or run, and a worker that has heard."""
    with engine.connect() as connection:
        for state in ("SUCCESS", "SUCCESS", "SUCCESS", "FAILURE", "REVOKED"):
            create_job(connection, state=state, queue="network", run_at=seconds_from_now(-9000))
        columns = [column for column in jobs.c if column is not jobs.c.id and not column.computed]
        for generation in range(12):
            twins = select(jobs.c.id + literal(f"-{generation}"), *columns).where(
                jobs.c.finished_at.is_not(None)
            )
            names = ["id", *(column.name for column in columns)]
            connection.execute(insert(jobs).from_select(names, twins))
    add_work(engine)
    with engine.connect() as connection:
        if engine.dialect.name != "sqlite":
            connection.execute(text("ANALYZE TABLE jobs"))


def add_work(engine: Engine) -> None:
    with engine.connect() as connection:
        for _ in range(3):
            create_job(connection)
            create_job(connection, rung_at=seconds_from_now(0), run_at=seconds_from_now(300))
            create_job(connection, state="STARTED")
        create_worker(connection, heard={"default": 0.0, "network": 0.0})


def explain(engine: Engine, statement: str, parameters: Any) -> list[dict[str, Any]]:
    word = "EXPLAIN QUERY PLAN" if engine.dialect.name == "sqlite" else "EXPLAIN FORMAT=TRADITIONAL"
    with engine.connect() as connection:
        found = connection.exec_driver_sql(f"{word} {statement}", parameters)
        return [dict(row) for row in found.mappings()]


@pytest.mark.parametrize("work", QUERIES)
def test_search_goes_by_the_dispatchers_index(
    engine: Engine, work: Callable[[Engine], int]
) -> None:
    fill(engine)
    with recorded(engine) as sent:
        work(engine)
    searches = [one for one in sent if one.text.startswith("SELECT jobs") and "LIMIT" in one.text]
    assert searches
    for statement, parameters in searches:
        plan = explain(engine, statement, parameters)
        if engine.dialect.name == "sqlite":
            steps = [step["detail"] for step in plan]
            assert any("ix_jobs_dispatch" in step for step in steps), steps
            assert not [step for step in steps if step.startswith("SCAN")], steps
        else:
            (step,) = plan
            assert (step["key"], step["type"]) == ("ix_jobs_dispatch", "range")
            assert int(step["rows"]) < 100


def count_reads(engine: Engine) -> int:
    """Rows that this session's statements have looked at so far."""
    with engine.connect() as connection:
        rows = connection.execute(text("SHOW SESSION STATUS LIKE 'Handler_read%'")).all()
    return sum(int(value) for _, value in rows)


def test_cost_of_a_pass_does_not_grow_with_finished_rows(mariadb_engine: Engine) -> None:
    url = mariadb_engine.url.render_as_string(hide_password=False)
    one_session = make_engine(url, pool_size=1)
    reads = []
    for prepare in (add_work, fill):
        prepare(mariadb_engine)
        # What SHOW itself reads is the difference of two that follow each other.
        before = count_reads(one_session)
        own = count_reads(one_session) - before
        before = count_reads(one_session)
        dispatch_due(one_session)
        reads.append(count_reads(one_session) - before - own)
    one_session.dispose()
    few, many = reads
    assert many < few + 100 < FINISHED_ROWS / 10


def test_deep_page_reads_no_more_rows_than_the_first(mariadb_engine: Engine) -> None:
    fill(mariadb_engine)
    url = mariadb_engine.url.render_as_string(hide_password=False)
    one_session = make_engine(url, pool_size=1)
    with one_session.connect() as connection:
        project = connection.execute(select(jobs.c.project_id).limit(1)).scalar_one()
    after, reads = None, []
    for _ in range(60):
        before = count_reads(one_session)
        page = list_newest(one_session, project, limit=50, after=after)
        reads.append(count_reads(one_session) - before)
        after = page[-1].id
    one_session.dispose()
    assert reads[-1] < reads[1] + 50


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        (JobFilter(state=JobState.STARTED), 3),
        (JobFilter(task="test.rare"), 1),
        (JobFilter(queue="rare"), 1),
        (JobFilter(key="rare"), 0),
        (JobFilter(parent_id="rare"), 0),
        (JobFilter(tag="rare"), 1),
        (JobFilter(tag="rare", task="test.echo"), 1),
        (JobFilter(created_after=datetime(2030, 1, 1, tzinfo=UTC)), 0),
    ],
    ids=repr,
)
def test_few_jobs_among_many_are_found_without_looking_at_the_others(
    mariadb_engine: Engine, wanted: JobFilter, count: int
) -> None:
    fill(mariadb_engine)
    created = datetime(2026, 1, 1, tzinfo=UTC)
    create_job(mariadb_engine, task="test.rare", created_at=created)
    create_job(mariadb_engine, queue="rare", created_at=created)
    tagged = create_job(mariadb_engine, created_at=created)
    with mariadb_engine.connect() as connection:
        values = {"project_id": "demo", "tag": "rare", "job_id": tagged.id, "created_at": created}
        connection.execute(insert(job_tags).values(values))
    url = mariadb_engine.url.render_as_string(hide_password=False)
    one_session = make_engine(url, pool_size=1)
    before = count_reads(one_session)
    found = list_newest(one_session, "demo", limit=50, wanted=wanted)
    reads = count_reads(one_session) - before
    one_session.dispose()
    assert len(found) == count
    assert reads < 1000 < FINISHED_ROWS / 10  # SHOW STATUS itself reads some hundred


def test_beat_finds_its_jobs_by_their_ids(mariadb_engine: Engine) -> None:
    """By another index it would lock rows in another order than outcomes do, and deadlock."""
    fill(mariadb_engine)
    job_ids = [create_job(mariadb_engine, state="STARTED").id for _ in range(8)]
    with recorded(mariadb_engine) as sent:
        extend(mariadb_engine, WORKER, job_ids, 40.0)
    ((statement, parameters),) = sent
    (step,) = explain(mariadb_engine, statement, parameters)
    assert (step["key"], step["type"]) == ("PRIMARY", "range")


def test_schedules_that_are_due_are_found_by_index(mariadb_engine: Engine) -> None:
    for _ in range(300):
        create_schedule(mariadb_engine)
    with mariadb_engine.connect() as connection:
        connection.execute(text("ANALYZE TABLE schedules"))
    with recorded(mariadb_engine) as sent:
        make_due(mariadb_engine)
    ((statement, parameters),) = sent
    (step,) = explain(mariadb_engine, statement, parameters)
    assert (step["key"], step["type"]) == ("ix_schedules_next_run_at", "range")
    assert int(step["rows"]) < 10
