"""A container is well while its worker's watchdog looks."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from chalicelib.settings import get_settings
from worker.health import find_illness, main, note_health


def test_worker_that_beats_is_well(tmp_path: Path) -> None:
    trace = str(tmp_path / "health")
    note_health(trace)
    assert find_illness(trace, beat_seconds=5.0) is None


def test_worker_whose_last_beat_is_old_is_not(tmp_path: Path) -> None:
    trace = tmp_path / "health"
    note_health(str(trace))
    then = time.time() - 120
    os.utime(trace, (then, then))
    assert "120 seconds ago" in str(find_illness(str(trace), beat_seconds=5.0))


def test_worker_that_never_beat_is_not(tmp_path: Path) -> None:
    assert "not begun" in str(find_illness(str(tmp_path / "none"), beat_seconds=5.0))


def test_without_a_file_nothing_is_noted_and_nothing_known() -> None:
    note_health(None)
    assert "HEALTH_FILE" in str(find_illness(None, beat_seconds=5.0))


def test_command_answers_by_its_status(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    trace = tmp_path / "health"
    monkeypatch.setenv("DATABASE_URL", "sqlite:///unused")
    monkeypatch.setenv("SQS_QUEUE_URL", "https://sqs.example/1/{queue}")
    monkeypatch.setenv("HEALTH_FILE", str(trace))
    get_settings.cache_clear()
    assert main() == 1
    assert "not begun" in capsys.readouterr().err
    note_health(str(trace))
    assert main() == 0
    monkeypatch.setenv("BEAT_SECONDS", "soon")
    get_settings.cache_clear()
    assert main() == 1
    assert "BEAT_SECONDS" in capsys.readouterr().err
    get_settings.cache_clear()
