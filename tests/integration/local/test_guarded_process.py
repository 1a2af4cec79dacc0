"""No process outlives whoever started it."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

from infra.local.servers.process import GuardedProcess
from infra.local.servers.readiness import wait_until

# A shell with a child that chatters and ignores the polite signal, as a stuck pool would.
FAMILY = ["/bin/sh", "-c", "trap '' TERM; (while :; do echo .; sleep 0.02; done) & wait"]


def has_started(log: Path) -> bool:
    return wait_until(lambda: log.exists() and log.stat().st_size > 0, limit=10)


def is_silent(log: Path) -> bool:
    before = log.stat().st_size
    time.sleep(0.3)
    return log.stat().st_size == before


def test_stop_ends_children_that_ignore_sigterm(tmp_path: Path) -> None:
    log = tmp_path / "log"
    process = GuardedProcess(FAMILY, log)
    assert has_started(log)
    assert not is_silent(log)
    process.stop(grace_seconds=0.2)
    assert process.status is not None
    assert is_silent(log)


def test_stop_is_polite_first(tmp_path: Path) -> None:
    script = "trap 'echo bye; exit 0' TERM; echo hello; while :; do sleep 0.05; done"
    process = GuardedProcess(["/bin/sh", "-c", script], tmp_path / "log")
    assert has_started(tmp_path / "log")
    process.stop()
    assert (tmp_path / "log").read_text().split() == ["hello", "bye"]
    assert process.status == 0


def test_family_goes_when_its_owner_is_killed(tmp_path: Path) -> None:
    owner_code = (
        "import sys, time; from pathlib import Path\n"
        "from infra.local.servers.process import GuardedProcess\n"
        f"GuardedProcess({FAMILY!r}, Path(sys.argv[1])); time.sleep(60)"
    )
    owner = subprocess.Popen([sys.executable, "-c", owner_code, str(tmp_path / "log")])
    assert has_started(tmp_path / "log")
    time.sleep(0.3)  # the guard starts just after the process
    owner.kill()
    owner.wait()
    assert wait_until(lambda: is_silent(tmp_path / "log"), limit=5)
