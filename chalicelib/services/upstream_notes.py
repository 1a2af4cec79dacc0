"""Notes with a record the cloud that its thing is made in, so that settings may change later."""

from __future__ import annotations

from sqlalchemy import Engine, Table, select, update

from chalicelib.db.engine import connect


def note_upstream(engine: Engine, table: Table, record_id: str, job_id: str, chosen: str) -> str:
    """The cloud noted with a record; `chosen`, if none is, and that is noted from now on.

    To be called before anything is asked of the cloud: what is made there is then destroyed
    there, whatever settings say by then.
    """
    of_record = table.c.id == record_id
    with connect(engine) as connection:
        noted = connection.execute(select(table.c.upstream).where(of_record)).scalar_one_or_none()
        if noted is not None:
            return str(noted)
        connection.execute(
            update(table).where(of_record, table.c.job_id == job_id).values(upstream=chosen)
        )
    return chosen
