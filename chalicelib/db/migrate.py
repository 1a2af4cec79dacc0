"""Brings a database to the newest schema; used by deploys, tests and the local stack."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from chalicelib.db.engine import connect, make_engine

_FOLDER = Path(__file__).parent / "migrations"


def alembic_config(url: str = "") -> Config:
    """Alembic's configuration, made here so that no .ini file can disagree with it."""
    config = Config()
    config.set_main_option("script_location", str(_FOLDER))
    config.attributes["url"] = url
    return config


def upgrade(url: str, revision: str = "head") -> None:
    """Bring the database at `url` to `revision`; nothing happens if it is there already.

    Raises:
        DatabaseUnavailable: the database cannot be reached.
    """
    engine = make_engine(url)
    try:
        with connect(engine) as connection:
            config = alembic_config(url)
            config.attributes["connection"] = connection
            command.upgrade(config, revision)
    finally:
        engine.dispose()


def head_revision() -> str:
    """The newest revision in the code."""
    head = ScriptDirectory.from_config(alembic_config()).get_current_head()
    assert head is not None, "no migration in chalicelib/db/migrations/versions"
    return head
