"""`celery -A worker worker` with settings that cannot be used."""

from __future__ import annotations

import os
import subprocess
import sys


def test_worker_tells_a_wrong_setting_without_a_traceback() -> None:
    environment = {**os.environ, "DATABASE_URL": "sqlite:///x.db", "SQS_QUEUE_URL": "rubbish"}
    ended = subprocess.run(
        [sys.executable, "-m", "celery", "-A", "worker", "worker"],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert "SQS_QUEUE_URL must contain {queue}" in ended.stderr
    assert "Traceback" not in ended.stderr
