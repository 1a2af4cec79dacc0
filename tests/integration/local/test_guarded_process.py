"""No process outlives whoever started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from infra.local.servers.process import GuardedProcess
from infra.local.servers.readiness import wait_until

# A shell with a child that ignores the polite signal, as a stuck pool would.
FAMILY = ["/bin/sh", "-c", "trap '' TERM; sleep 60 & echo $!; wait"]


def is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    # In a container without an init the dead may stay as zombies.
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return not state.stdout.strip().startswith(("Z", "")) or state.stdout.strip()[:1] not in (
        "Z",
        "",
    )


def first_line(path: Path) -> str:
    assert wait_until(lambda: path.exists() and path.read_text().endswith("\n"), limit=10)
    return path.read_text().splitlines()[0]


def test_stop_ends_children_that_ignore_sigterm(tmp_path: Path) -> None:
    process = GuardedProcess(FAMILY, tmp_path / "log")
    child = int(first_line(tmp_path / "log"))
    process.stop(grace_seconds=0.2)
    assert process.status is not None
    assert wait_until(lambda: not is_alive(child), limit=5)


def test_stop_is_polite_first(tmp_path: Path) -> None:
    script = "trap 'echo bye; exit 0' TERM; echo hello; while :; do sleep 0.05; done"
    process = GuardedProcess(["/bin/sh", "-c", script], tmp_path / "log")
    first_line(tmp_path / "log")
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
    child = int(first_line(tmp_path / "log"))
    time.sleep(0.3)  # the guard starts just after the process
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    assert wait_until(lambda: not is_alive(child), limit=5)
