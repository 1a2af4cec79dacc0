"""Each kind of record has one file of its name in each layer, and the page that says so is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chalicelib.services.kinds import KINDS
from chalicelib.services.record_kinds import RecordKind

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/add-a-resource.md").read_text(encoding="utf-8")
LAYERS = [
    "chalicelib/domain",
    "chalicelib/db/tables",
    "chalicelib/broker/contracts",
    "chalicelib/services",
    "chalicelib/schemas",
    "chalicelib/api",
    "worker/tasks",
    "worker/upstream/memory",
    "worker/upstream/aws",
    "worker/upstream/openstack",
    "bellpull/commands",
]


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_kind_has_a_file_in_each_layer(kind: RecordKind) -> None:
    files = [f"{layer}/{kind.table.name}.py" for layer in LAYERS]
    assert [file for file in files if not (ROOT / file).is_file()] == []


def test_page_names_each_layer_and_nothing_that_is_not_there() -> None:
    named = re.findall(r"`((?:chalicelib|worker|bellpull|tests|docs|infra)/[\w./-]+\.\w+)`", PAGE)
    assert [name for name in named if not (ROOT / name).exists()] == []
    assert [layer for layer in LAYERS if f"{layer}/servers.py" not in named] == []


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.name)
def test_table_has_the_columns_that_services_write(kind: RecordKind) -> None:
    columns = set(kind.table.c.keys())
    assert set(kind.blank) | set(kind.observed) | {"upstream", "fault"} <= columns
    needed = {column.name for column in kind.table.c if not column.nullable}
    written = {"id", "project_id", "name", "job_id", "provisioning_status", "sequence"}
    assert needed - written - {"created_at", "updated_at"} <= set(kind.blank)
