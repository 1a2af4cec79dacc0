"""What docs/add-a-task.md says is enough to add a task."""

from __future__ import annotations

import csv
import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import chalicelib.broker.contracts as contracts_package
from chalicelib.broker.contracts import TaskContract, all_contracts
from tests.e2e.conftest import MakeFleet
from tests.e2e.worker_process import wait_until

PAGE = Path(__file__).parents[2] / "docs/add-a-task.md"
FILES = re.findall(r"(?ms)^`(\S+\.py)`:\n\n```python\n(.*?)```$", PAGE.read_text())


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the files of the page lie."""
    for name, text in FILES:
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    found = str(tmp_path / "chalicelib/broker/contracts")
    monkeypatch.setattr(contracts_package, "__path__", [*contracts_package.__path__, found])
    all_contracts.cache_clear()
    yield tmp_path
    all_contracts.cache_clear()
    importlib.invalidate_caches()


def test_contract_and_function_take_fifteen_lines_at_most() -> None:
    assert [name.rpartition("/")[0] for name, _ in FILES] == [
        "chalicelib/broker/contracts",
        "worker/tasks",
    ]
    lines = [line for _, text in FILES for line in text.splitlines() if line.strip()]
    assert len(lines) <= 15


def test_documented_task_is_found_and_runs_with_progress(
    folder: Path, make_fleet: MakeFleet
) -> None:
    contract: TaskContract = all_contracts()["reports.squares"]
    fleet = make_fleet(DOCUMENTED_TASK=folder)
    fleet.start_worker(app="tests.e2e.docs_app")
    written = folder / "report.csv"
    parameters = contract.parameters(path=str(written), rows=5)  # type: ignore[call-arg]
    job_id = fleet.submit(contract, parameters)
    job = fleet.wait_for_state(job_id, "SUCCESS")
    assert job.result == 5
    assert list(csv.reader(written.read_text().splitlines())) == [
        [str(n), str(n * n)] for n in range(5)
    ]
    wait_until(lambda: fleet.job(job_id).progress["message"] == "row 4", 10)
    assert fleet.job(job_id).progress["percent"] == 80.0
