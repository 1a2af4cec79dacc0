"""How the benchmark reads and judges a worker's memory."""

from __future__ import annotations

import os

import pytest

from tests.benchmarks.memory import read_group, worst_growth


def test_process_that_grew_most_is_judged() -> None:
    readings = [{1: 100, 2: 50}, {1: 100, 2: 70}, {1: 102, 2: 60}]
    assert worst_growth(readings) == (2, 1.2)


def test_process_that_did_not_live_all_the_time_is_not_judged() -> None:
    assert worst_growth([{1: 100, 2: 50}, {1: 101, 3: 90}]) == (1, 1.01)
    with pytest.raises(ValueError, match="no process lived"):
        worst_growth([{1: 100}, {2: 100}])


def test_memory_of_each_process_of_a_group_is_read() -> None:
    reading, kind = read_group(os.getpgrp())
    assert reading[os.getpid()] > 1_000
    assert kind in {"PSS", "RSS"}
