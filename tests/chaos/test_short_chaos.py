"""A small run of the chaos harness, so that a change that loses or doubles jobs fails at once."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from infra.local.servers.mariadb import find_server

ROOT = Path(__file__).parents[2]
#: The same each time: what fails here must fail again. `make chaos` draws others.
SEED = "20260"


@pytest.mark.skipif(find_server() is None and not os.getenv("CI"), reason="no MariaDB server")
def test_no_job_is_lost_or_doubled_in_half_a_minute_of_faults(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "tests.chaos", "--short", "--jobs", "300", "--seed", SEED]
    told = subprocess.run(
        [*command, "--folder", str(tmp_path / "logs")],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=420,
        check=False,
    )
    assert told.returncode == 0, told.stdout
