"""Transactions: all or nothing, again after a deadlock, and a word when the database is away."""

from __future__ import annotations

import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Connection, Engine, text, update
from sqlalchemy.exc import IntegrityError, ProgrammingError

from chalicelib.db.engine import after_commit, connect, in_transaction, make_engine
from chalicelib.db.tables import jobs
from chalicelib.errors import DatabaseUnavailable, ImmutableObject
from tests.factories.jobs import create_job, read_job
from tests.factories.rows import read_rows


def raise_project(connection: Connection, job_id: str) -> None:
    connection.execute(update(jobs).where(jobs.c.id == job_id).values(attempts=jobs.c.attempts + 1))


def test_what_work_returns_is_returned_and_committed(engine: Engine) -> None:
    job = in_transaction(engine, create_job)
    assert read_job(engine, job.id).id == job.id


def test_error_takes_everything_back_and_is_passed_on(engine: Engine) -> None:
    def work(connection: Connection) -> None:
        create_job(connection)
        raise ImmutableObject

    with pytest.raises(ImmutableObject):
        in_transaction(engine, work)
    assert read_rows(engine, jobs) == []


def test_what_is_to_follow_the_commit_finds_it_done_and_happens_once(engine: Engine) -> None:
    found: list[int] = []

    def look(engine: Engine) -> None:
        found.append(len(read_rows(engine, jobs)))

    def work(connection: Connection) -> None:
        create_job(connection)
        after_commit(connection, look)
        after_commit(connection, look)

    in_transaction(engine, work)
    assert found == [1]
    in_transaction(engine, create_job)
    assert found == [1]


def test_nothing_follows_a_commit_that_does_not_come(engine: Engine) -> None:
    def work(connection: Connection) -> None:
        after_commit(connection, lambda engine: pytest.fail("called"))
        raise ImmutableObject

    with pytest.raises(ImmutableObject):
        in_transaction(engine, work)
    in_transaction(engine, create_job)


def test_connection_after_an_error_is_clean(database_url: str) -> None:
    engine = make_engine(database_url, pool_size=1)
    with pytest.raises(KeyboardInterrupt):
        in_transaction(engine, _interrupt)
    in_transaction(engine, create_job)
    assert len(read_rows(engine, jobs)) == 1
    engine.dispose()


def _interrupt(connection: Connection) -> None:
    create_job(connection)
    raise KeyboardInterrupt


def test_nobody_sees_what_is_not_committed(engine: Engine) -> None:
    def work(connection: Connection) -> int:
        create_job(connection)
        return len(read_rows(engine, jobs))

    assert in_transaction(engine, work) == 0
    assert len(read_rows(engine, jobs)) == 1


def test_second_row_with_an_id_is_an_integrity_error(engine: Engine) -> None:
    job = create_job(engine)
    with pytest.raises(IntegrityError):
        in_transaction(engine, lambda connection: create_job(connection, id=job.id))
    with pytest.raises(IntegrityError), connect(engine) as connection:
        create_job(connection, id=job.id)


def test_writers_wait_for_each_other(engine: Engine) -> None:
    job = create_job(engine)
    with ThreadPoolExecutor(6) as pool:
        for future in [
            pool.submit(in_transaction, engine, lambda c: raise_project(c, job.id))
            for _ in range(30)
        ]:
            future.result()
    assert read_job(engine, job.id).attempts == 30


def test_victim_of_a_deadlock_runs_again(mariadb_engine: Engine) -> None:
    ids = [create_job(mariadb_engine).id for _ in range(2)]
    both_hold_one = threading.Barrier(2, timeout=30)
    tries: Counter[str] = Counter()

    def cross(first: str, second: str) -> None:
        def work(connection: Connection) -> None:
            tries[first] += 1
            raise_project(connection, first)
            if tries[first] == 1:
                both_hold_one.wait()
            raise_project(connection, second)

        in_transaction(mariadb_engine, work)

    with ThreadPoolExecutor(2) as pool:
        for future in [pool.submit(cross, *ids), pool.submit(cross, *reversed(ids))]:
            future.result()
    assert sorted(tries.values()) == [1, 2], "there was no deadlock"
    assert [read_job(mariadb_engine, job_id).attempts for job_id in ids] == [2, 2]


def test_deadlock_without_end_is_told(mariadb_engine: Engine) -> None:
    tries = []

    def work(connection: Connection) -> None:
        tries.append(1)
        connection.execute(text("SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213"))

    with pytest.raises(DatabaseUnavailable):
        in_transaction(mariadb_engine, work)
    assert 2 <= len(tries) <= 10


def test_connection_that_is_cut_is_told_and_replaced(mariadb_engine: Engine) -> None:
    def work(connection: Connection) -> None:
        create_job(connection)
        number = connection.execute(text("SELECT CONNECTION_ID()")).scalar_one()
        with mariadb_engine.connect() as other:
            other.execute(text(f"KILL CONNECTION {number}"))
        create_job(connection)

    with pytest.raises(DatabaseUnavailable):
        in_transaction(mariadb_engine, work)
    in_transaction(mariadb_engine, create_job)
    assert len(read_rows(mariadb_engine, jobs)) == 1


def away_engines(folder: Path) -> list[Engine]:
    return [
        make_engine("mysql+pymysql://root@127.0.0.1:1/none"),
        make_engine(f"sqlite:///{folder}"),  # a folder is no database
    ]


def test_database_that_is_away_is_told(tmp_path: Path) -> None:
    for engine in away_engines(tmp_path):
        with pytest.raises(DatabaseUnavailable), connect(engine):
            pass
        with pytest.raises(DatabaseUnavailable):
            in_transaction(engine, create_job)
        engine.dispose()


def test_pool_without_a_free_connection_counts_as_away(database_url: str) -> None:
    engine = make_engine(database_url, pool_size=1, pool_timeout=0.05)
    with connect(engine), pytest.raises(DatabaseUnavailable), connect(engine):
        pass
    engine.dispose()


def test_wrong_statement_is_not_taken_for_a_database_that_is_away(mariadb_engine: Engine) -> None:
    with pytest.raises(ProgrammingError), connect(mariadb_engine) as connection:
        connection.execute(text("SELEC 1"))


def test_mariadb_runs_at_read_committed(mariadb_engine: Engine) -> None:
    with connect(mariadb_engine) as connection:
        assert connection.get_isolation_level() == "READ COMMITTED"
        assert connection.execute(text("SELECT @@autocommit")).scalar_one() == 1


def test_sqlite_runs_with_wal_and_foreign_keys(tmp_path: Path) -> None:
    engine = make_engine(f"sqlite:///{tmp_path / 'new' / 'bellpull.db'}")
    with connect(engine) as connection:
        assert connection.execute(text("PRAGMA journal_mode")).scalar_one() == "wal"
        assert connection.execute(text("PRAGMA foreign_keys")).scalar_one() == 1
        assert connection.execute(text("PRAGMA busy_timeout")).scalar_one() == 30_000
    engine.dispose()
