"""The migrations make the tables that the code speaks of."""

from __future__ import annotations

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect, text

from chalicelib.db.engine import make_engine
from chalicelib.db.migrate import head_revision, is_behind, upgrade
from chalicelib.db.tables import metadata
from chalicelib.errors import DatabaseUnavailable
from tests.databases import as_owner
from tests.factories.jobs import create_job


# SQLAlchemy reads the expression of a computed column on SQLite wrongly as soon as a column was
# added behind it; on MariaDB it is compared.
@pytest.mark.filterwarnings("ignore:Computed default on jobs.unique_lock cannot be modified")
def test_migrations_make_what_the_tables_say(empty_database_url: str) -> None:
    upgrade(empty_database_url)
    engine = make_engine(empty_database_url)
    with engine.connect() as connection:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        assert compare_metadata(context, metadata) == []
    engine.dispose()


def test_migrating_twice_changes_nothing(empty_database_url: str) -> None:
    upgrade(empty_database_url)
    engine = make_engine(empty_database_url)
    job = create_job(engine)
    upgrade(empty_database_url)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT id FROM jobs")).scalars().all() == [job.id]
        versions = connection.execute(text("SELECT version_num FROM alembic_version"))
        assert versions.scalars().all() == [head_revision()]
    engine.dispose()


def test_database_is_behind_until_it_is_migrated_and_not_when_it_is_ahead(
    empty_database_url: str,
) -> None:
    engine = make_engine(empty_database_url)
    assert is_behind(engine)
    upgrade(empty_database_url, "0016")
    assert is_behind(engine)
    upgrade(empty_database_url)
    assert not is_behind(engine)
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = 'of-tomorrow'"))
    assert not is_behind(engine)
    engine.dispose()


def test_migrating_a_database_that_is_away_says_so() -> None:
    with pytest.raises(DatabaseUnavailable):
        upgrade("mysql+pymysql://root@127.0.0.1:1/none")


def test_foreign_keys_are_kept(engine: Engine) -> None:
    keys = inspect(engine).get_foreign_keys("attempts")
    assert [(key["referred_table"], key["options"]) for key in keys] == [
        ("jobs", {"ondelete": "CASCADE"})
    ]


def read_columns(engine: Engine, table: str) -> dict[str, tuple[str, str | None]]:
    """Type and collation of each column, as the server has them."""
    query = text(
        "SELECT column_name, column_type, collation_name FROM information_schema.columns "
        "WHERE table_schema = DATABASE() AND table_name = :table"
    )
    with engine.connect() as connection:
        rows = connection.execute(query, {"table": table}).all()
    return {name: (kind, collation) for name, kind, collation in rows}


@pytest.mark.parametrize("table", sorted(metadata.tables))
def test_columns_on_mariadb_have_the_types_of_the_tables(
    mariadb_engine: Engine, table: str
) -> None:
    made = read_columns(mariadb_engine, table)
    reference = f"{table}_reference"
    copy = metadata.tables[table].to_metadata(metadata.__class__(), name=reference)
    for constraint in list(copy.foreign_key_constraints):
        copy.constraints.discard(constraint)
    copy.indexes.clear()
    owner = as_owner(mariadb_engine)
    copy.create(owner)
    wanted = read_columns(owner, reference)
    copy.drop(owner)
    owner.dispose()
    assert made == wanted


def test_text_on_mariadb_is_compared_by_bytes_and_moments_have_microseconds(
    mariadb_engine: Engine,
) -> None:
    columns = read_columns(mariadb_engine, "jobs")
    assert columns["id"] == ("varchar(155)", "ascii_bin")
    assert columns["state"] == ("varchar(16)", "ascii_bin")
    assert columns["project_id"] == ("varchar(64)", "utf8mb4_bin")
    assert columns["parameters"] == ("longtext", "utf8mb4_bin")
    assert {name: kind for name, (kind, _) in columns.items() if name.endswith("_at")} == {
        name: "datetime(6)" for name in columns if name.endswith("_at")
    }
    for table in metadata.tables:
        collations = {collation for _, collation in read_columns(mariadb_engine, table).values()}
        assert collations <= {None, "ascii_bin", "utf8mb4_bin"}


def test_tables_on_mariadb_are_transactional(mariadb_engine: Engine) -> None:
    query = text("SELECT engine FROM information_schema.tables WHERE table_schema = DATABASE()")
    with mariadb_engine.connect() as connection:
        assert set(connection.execute(query).scalars()) == {"InnoDB"}
