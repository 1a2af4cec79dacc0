"""Brings a database to the newest schema; used by deploys, tests and the local stack."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

from chalicelib.db.engine import connect, make_engine

#: Seconds that one statement of a migration may take.
_LONGEST_SECONDS = 3600
_FOLDER = Path(__file__).parent / "migrations"


def alembic_config(url: str = "") -> Config:
    """Alembic's configuration, made here so that no .ini file can disagree with it."""
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["url"] = url
    return config


def upgrade(url: str, revision: str = "head", **options: Any) -> None:
    """Bring the database at `url` to `revision`; nothing happens if it is there already.

    `options`: of `make_engine`, such as `ca_file`.

    Raises:
        DatabaseUnavailable: the database cannot be reached.
    """
    # An index on a large table takes its time.
    engine = make_engine(url, read_timeout_seconds=_LONGEST_SECONDS, **options)
    try:
        with connect(engine) as connection:
            config = alembic_config(url)
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
    finally:
        engine.dispose()


def is_behind(engine: Engine) -> bool:
    """Whether the database lacks migrations of this code; that it is ahead does no harm.

    Raises:
        DatabaseUnavailable: the database cannot be reached.
    """
    with connect(engine) as connection:
        current = MigrationContext.configure(connection).get_current_revision()
    known = [one.revision for one in ScriptDirectory.from_config(alembic_config()).walk_revisions()]
    return current is None or current in known[1:]


def head_revision() -> str:
    """The newest revision in the code."""
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    assert head is not None, "no migration in chalicelib/db/migrations/versions"
    return head
