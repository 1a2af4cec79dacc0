"""Schedules, and contracts of tasks that they can make jobs of."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from sqlalchemy import Row

from chalicelib.broker import contracts
from chalicelib.broker.contracts import TaskContract
from chalicelib.db.clock import now, seconds_from_now
from chalicelib.db.tables import jobs, schedules
from chalicelib.domain.ids import new_id
from tests.factories.rows import Target, insert_row, read_rows


class Report(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    day: str = "today"
    pages: int = 1


REPORT = TaskContract(name="reports.daily", parameters=Report, description="Reports.")


def install_report(monkeypatch: pytest.MonkeyPatch) -> TaskContract:
    """Let this release know the task reports.daily."""
    known = {**contracts.all_contracts(), REPORT.name: REPORT}
    monkeypatch.setattr(contracts, "all_contracts", lambda: known)
    return REPORT


def create_schedule(target: Target, **overrides: Any) -> Row[Any]:
    """A schedule of every hour whose next run is in half an hour."""
    values: dict[str, Any] = {
        "id": new_id(),
        "project_id": "demo",
        "name": new_id(),
        "task": REPORT.name,
        "parameters": {"day": "monday"},
        "time_zone": "UTC",
        "every_seconds": None if "cron" in overrides else 3600,
        "if_missed": "run_once",
        "next_run_at": seconds_from_now(1800),
        "created_at": now(),
        "updated_at": now(),
    }
    return insert_row(target, schedules, values | overrides)


def read_schedule(target: Target, schedule_id: str) -> Row[Any]:
    """The schedule as it is now."""
    (row,) = read_rows(target, schedules, id=schedule_id)
    return row


def list_runs(target: Target, schedule_id: str) -> list[Row[Any]]:
    """The jobs of a schedule, in the order of their runs."""
    return [row for row in read_rows(target, jobs) if row.id.startswith(f"{schedule_id}.")]
