"""What every test can ask for: databases, AWS, and an environment that leads nowhere else."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pytest

from chalicelib.settings import Settings
from infra.local.servers.mariadb import MariaDB, find_server
from infra.local.servers.moto import MotoServer
from tests.databases import database_on, make_schema

BACKENDS = ["sqlite", "mariadb"]

hypothesis.settings.register_profile("bellpull", deadline=None, derandomize=bool(os.getenv("CI")))
hypothesis.settings.load_profile("bellpull")


def pytest_configure() -> None:
    """Forget the person's own settings and AWS account, for us and for what tests start."""
    # Tests send SIGINT, which what a shell began in the background ignores.
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    ours = {name.upper() for name in Settings.__struct_fields__}
    for name in [name for name in os.environ if name.startswith("AWS_") or name in ours]:
        del os.environ[name]
    os.environ |= {
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "NO_PROXY": "127.0.0.1,localhost",
    }


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The emulated deploy, minutes of waiting for what AWS would make, begins at once."""
    items.sort(key=lambda item: item.path.stem != "test_apply")


def pytest_xdist_auto_num_workers() -> int:
    """Tests wait half of their time: one process more than there are processors."""
    return min(4, (os.cpu_count() or 1) + 1)


@pytest.fixture(scope="session")
def mariadb() -> Iterator[MariaDB]:
    """A private server for this test process."""
    if find_server() is None:
        message = "no MariaDB server on this machine: `make mariadb` installs one"
        if os.getenv("CI"):
            pytest.fail(message)
        pytest.skip(message)
    with MariaDB() as server:
        yield server


@pytest.fixture(scope="session")
def moto_server() -> Iterator[str]:
    """URL of an AWS of this test process; names in it are shared, so make your own."""
    with MotoServer() as server:
        yield server.url


@pytest.fixture(params=BACKENDS)
def empty_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database without tables, on each kind of server in turn."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'bellpull.db'}"
        return
    server: MariaDB = request.getfixturevalue("mariadb")
    url = server.create_database()
    yield url
    server.drop_database(url)


@pytest.fixture(params=BACKENDS)
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """A database with the newest schema and no rows, on each kind of server in turn."""
    with database_on(request.param, request, tmp_path) as url:
        yield url


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that each `database_url` on SQLite begins as."""
    from chalicelib.db.migrate import upgrade

    path = tmp_path_factory.mktemp("template") / "bellpull.db"
    upgrade(f"sqlite:///{path}")
    return path


@pytest.fixture(scope="session")
def mariadb_template(mariadb: MariaDB) -> list[str]:
    """The statements that make each `database_url` on MariaDB."""
    return make_schema(mariadb)
