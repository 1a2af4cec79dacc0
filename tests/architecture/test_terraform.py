"""Terraform repeats some names and numbers of the code: here they are compared."""

from __future__ import annotations

import re
from pathlib import Path

from chalicelib.broker import queues
from chalicelib.services.backlog import Backlog
from chalicelib.settings import Settings

ROOT = Path(__file__).parents[2]
FILES = {path.name: path.read_text(encoding="utf-8") for path in ROOT.glob("infra/*.tf")}


def read_number(name: str) -> int:
    found = re.search(rf"^  {name} += (\d+)$", FILES["queues.tf"], re.MULTILINE)
    assert found, name
    return int(found[1])


def test_queues_are_those_of_the_code() -> None:
    found = re.search(r"^  queues += toset\(\[(.*)\]\)$", FILES["queues.tf"], re.MULTILINE)
    assert found
    assert re.findall(r'"([\w-]+)"', found[1]) == sorted(queues.QUEUES)
    assert queues.dead_letter_queue("x") == "x-dead"
    assert '-dead"' in FILES["queues.tf"]


def test_numbers_of_queues_are_those_of_the_code() -> None:
    assert read_number("visibility_seconds") == queues.VISIBILITY_SECONDS
    assert read_number("wait_seconds") == queues.WAIT_SECONDS
    assert read_number("max_receive_count") == queues.MAX_RECEIVE_COUNT
    assert read_number("retention_seconds") == queues.RETENTION_SECONDS


def test_variables_of_processes_are_settings() -> None:
    known = {name.upper() for name in Settings.__struct_fields__}
    for name in ("main.tf", "worker.tf", "api.tf"):
        used = re.findall(r"\b([A-Z][A-Z0-9]*_[A-Z0-9_]+|DEPLOYMENT) += ", FILES[name])
        assert set(used) - {"FARGATE_SPOT"} <= known, name


def test_metrics_of_alarms_scaling_and_dashboard_are_written() -> None:
    nothing = dict.fromkeys(Backlog.__struct_fields__, 0)
    written = set(Backlog(**nothing).metrics())  # type: ignore[arg-type]
    used = set()
    for text in FILES.values():
        used |= set(re.findall(r'"Bellpull", "(\w+)", "Deployment"', text))
        used |= set(re.findall(r'namespace += "Bellpull",? +metric += "(\w+)"', text))
        used |= set(re.findall(r'namespace += "Bellpull"\n +metric_name += "(\w+)"', text))
    assert {"BacklogPerWorker", "BacklogWithoutWorkers", "OldestWaitingSeconds"} <= used
    assert used <= written
