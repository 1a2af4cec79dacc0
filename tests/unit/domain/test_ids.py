"""Ids sort by the time at which they were made."""

from __future__ import annotations

import uuid

import pytest

from chalicelib.domain.ids import is_job_id, new_id


def test_ids_are_uuids_of_version_7() -> None:
    made = new_id()
    assert uuid.UUID(made).version == 7
    assert str(uuid.UUID(made)) == made


def test_later_ids_sort_after_earlier_ones() -> None:
    made = [new_id() for _ in range(5_000)]
    assert made == sorted(made)
    assert len(set(made)) == len(made)


@pytest.mark.parametrize("text", ["a", "x" * 155, "task-1/[2]", "0199-7f"])
def test_printable_ascii_may_be_the_id_of_a_job(text: str) -> None:
    assert is_job_id(text)


@pytest.mark.parametrize("text", ["", "x" * 156, "a b", "ä", "a\n", "a\0", 7, None, ["a"]])
def test_other_things_may_not(text: object) -> None:
    assert not is_job_id(text)
