"""A statement that is wrong is no outage: nobody waits for it to become right."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine
from sqlalchemy.exc import DBAPIError

from chalicelib.db.engine import in_transaction


def test_wrong_statement_is_not_taken_for_an_absent_database(engine: Engine) -> None:
    with pytest.raises(DBAPIError):
        in_transaction(engine, lambda c: c.exec_driver_sql("UPDATE jobs SET nope = 1"))
