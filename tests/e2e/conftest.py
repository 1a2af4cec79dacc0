"""Fleets: one shared by the tests of a module, or one of a test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.databases import database_on
from tests.e2e.fleet import Fleet

MakeFleet = Callable[..., Fleet]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share a fleet run in one process, if pytest-xdist asks (--dist loadgroup)."""
    for item in items:
        if "shared_fleet" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


@pytest.fixture
def make_fleet(
    moto_server: str, request: pytest.FixtureRequest, tmp_path: Path
) -> Iterator[MakeFleet]:
    """Makes a fleet without workers: `make_fleet("sqlite", LEASE_SECONDS=9)`, or on a URL."""
    with ExitStack() as stack:

        def make(
            database: str = "mariadb", *, sqs_url: str = moto_server, **environment: object
        ) -> Fleet:
            url = database
            if "://" not in database:
                url = stack.enter_context(database_on(database, request, tmp_path))
            fleet = Fleet(tmp_path, sqs_url, url, **environment)
            stack.callback(fleet.close)
            stack.enter_context(fleet.activated())
            return fleet

        yield make


@pytest.fixture(scope="module")
def shared_fleet(
    moto_server: str, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Fleet]:
    """A fleet with one worker, on MariaDB, for all tests of a module that do not harm it."""
    folder = tmp_path_factory.mktemp("fleet")
    options = getattr(request.module, "ENVIRONMENT", {})
    with ExitStack() as stack:
        url = stack.enter_context(database_on("mariadb", request, folder))
        fleet = Fleet(folder, moto_server, url, **options)
        stack.callback(fleet.close)
        fleet.start_worker()
        yield fleet


@pytest.fixture
def fleet(shared_fleet: Fleet) -> Iterator[Fleet]:
    """The module's fleet, whose worker is alive before and after."""
    with shared_fleet.activated():
        yield shared_fleet
    worker = shared_fleet.workers[0]
    assert worker.status is None, f"the worker died: {worker.text[-6000:]}"
