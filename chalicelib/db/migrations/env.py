"""Alembic's entry: runs migrations on the connection that `chalicelib.db.migrate` hands over."""

from __future__ import annotations

from alembic import context

from chalicelib.db.tables import metadata

connection = context.config.attributes["connection"]
if connection.dialect.name != "sqlite":
    # A migration that waits for a lock makes every statement behind it wait too: give up soon.
    connection.exec_driver_sql("SET SESSION lock_wait_timeout = 20")
context.configure(
    connection=connection,
    target_metadata=metadata,
    transactional_ddl=False,  # MySQL commits at each statement of DDL anyway
    render_as_batch=connection.dialect.name == "sqlite",
)
context.run_migrations()
