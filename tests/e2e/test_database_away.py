"""A database that goes away while jobs run and comes back."""

from __future__ import annotations

import time
from pathlib import Path

from chalicelib.db.migrate import head_revision
from infra.local.servers.mariadb import MariaDB
from tests.databases import copy_schema
from tests.e2e.conftest import MakeFleet
from tests.e2e.contracts import SLEEP, Sleep
from tests.e2e.worker_process import wait_until


def test_jobs_end_once_though_the_database_was_away(
    make_fleet: MakeFleet, mariadb_template: list[str]
) -> None:
    with MariaDB() as server:
        url = server.create_database()
        _copy(server, mariadb_template, url)
        fleet = make_fleet(url, LEASE_SECONDS=30)
        worker = fleet.start_worker()
        job_ids = [fleet.submit(SLEEP, Sleep(seconds=1.5)) for _ in range(10)]
        wait_until(lambda: fleet.job(job_ids[0]).state in ("STARTED", "SUCCESS"), 20)
        fleet.engine.dispose()
        server.stop()
        time.sleep(5)
        server.start()
        for job_id in job_ids:
            row = fleet.wait_for_state(job_id, "SUCCESS", seconds=40)
            assert fleet.notes(job_id) == ["effect"]
            assert row.attempts == 1
        assert "database away" in worker.text
        assert "database back" in worker.text
        fleet.wait_until_queues_empty()

        # Killed in the midst of work it loses nothing either.
        job_ids = [fleet.submit(SLEEP, Sleep(seconds=0.1)) for _ in range(40)]
        time.sleep(0.7)
        fleet.engine.dispose()
        server.kill()
        server.start()
        for job_id in job_ids:
            fleet.wait_for_state(job_id, "SUCCESS", seconds=40)
            assert fleet.notes(job_id) == ["effect"]
        fleet.wait_until_queues_empty(20)
        worker.terminate()
        assert worker.wait_for_exit() == 0
        fleet.engine.dispose()


def test_worker_does_not_begin_on_a_database_without_migrations(
    make_fleet: MakeFleet, tmp_path: Path
) -> None:
    fleet = make_fleet(f"sqlite:///{tmp_path}/empty.db")
    worker = fleet.start_worker(is_awaited=False)
    assert worker.wait_for_exit() == 1
    assert "lacks migrations. Run `make migrate` first." in worker.text
    assert "Traceback" not in worker.text


def test_outage_longer_than_a_lease_costs_no_running_job_its_attempt(
    make_fleet: MakeFleet, mariadb_template: list[str]
) -> None:
    with MariaDB() as server:
        url = server.create_database()
        _copy(server, mariadb_template, url)
        fleet = make_fleet(url, LEASE_SECONDS=3, BEAT_SECONDS=1)
        for _ in range(3):
            fleet.start_worker(concurrency=1)
        job_ids = [fleet.submit(SLEEP, Sleep(seconds=10)) for _ in range(3)]
        for job_id in job_ids:
            fleet.wait_for_state(job_id, "STARTED")
        fleet.engine.dispose()
        server.stop()
        time.sleep(5)
        server.start()
        for job_id in job_ids:
            assert fleet.wait_for_state(job_id, "SUCCESS", seconds=40).attempts == 1
            assert fleet.outcomes(job_id) == []
        fleet.engine.dispose()


def test_worker_can_be_stopped_while_the_database_is_away(
    make_fleet: MakeFleet, mariadb_template: list[str]
) -> None:
    with MariaDB() as server:
        url = server.create_database()
        _copy(server, mariadb_template, url)
        fleet = make_fleet(url, SHUTDOWN_GRACE_SECONDS=2)
        worker = fleet.start_worker()
        job_id = fleet.submit(SLEEP, Sleep(seconds=2))
        fleet.wait_for_state(job_id, "STARTED")
        fleet.engine.dispose()
        server.kill()
        worker.terminate()
        assert worker.wait_for_exit(30) == 0
        assert worker.group_pids() == []


def _copy(server: MariaDB, template: list[str], url: str) -> None:
    # The rows of the template are on another server; of these only the revision is wanted here.
    tables = [line for line in template if not line.startswith("INSERT")]
    revision = f"INSERT INTO alembic_version VALUES ('{head_revision()}')"
    copy_schema(server, [*tables, revision], url)
