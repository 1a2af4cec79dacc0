"""What the benchmark takes for a job that is done."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from tests.benchmarks.watching import JobFailed, count_done

_LAB: Any = SimpleNamespace(told=lambda room: "it broke")
_ROOM: Any = None


class _Cursor:
    def __init__(self, finished: int, failed: int) -> None:
        self._answer = (finished, failed)

    def execute(self, query: str, values: tuple[str, ...]) -> None:
        pass

    def fetchall(self) -> list[tuple[int, int]]:
        return [self._answer]


def test_finished_jobs_are_counted() -> None:
    assert count_done(_LAB, _ROOM, _Cursor(7, 0)) == 7


def test_failed_jobs_end_the_run_with_what_the_worker_said() -> None:
    with pytest.raises(JobFailed, match="2 jobs failed: it broke"):
        count_done(_LAB, _ROOM, _Cursor(7, 2))
