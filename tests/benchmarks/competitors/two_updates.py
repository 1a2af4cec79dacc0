"""The two statements for one job of each competitor but stock Celery, and its database."""

from __future__ import annotations

import json
import os
import uuid
from typing import Any
from urllib.parse import urlsplit

#: Take the job if it may run now: what Bellpull's claim says.
CLAIM = """
UPDATE jobs SET state = 'STARTED', started_at = UTC_TIMESTAMP(6), worker_id = %s, claim_id = %s,
  lease_expires_at = TIMESTAMPADD(SECOND, 40, UTC_TIMESTAMP(6)), attempts = attempts + 1
WHERE id = %s AND state IN ('PENDING', 'RETRY') AND run_at <= UTC_TIMESTAMP(6)
"""
#: Record the result, if the job is still ours.
OUTCOME = """
UPDATE jobs SET state = 'SUCCESS', result = %s, error = NULL, finished_at = UTC_TIMESTAMP(6),
  lease_expires_at = NULL
WHERE id = %s AND claim_id = %s AND state = 'STARTED'
"""
INSERT = """
INSERT INTO jobs (id, project_id, task, queue, parameters, state, created_at, run_at, rung_at,
  attempts, max_attempts)
VALUES
"""
ROW = "(%s, %s, %s, %s, %s, 'PENDING', UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), UTC_TIMESTAMP(6), 0, 5)"

WORKER_ID = str(uuid.uuid4())


def connection_options() -> dict[str, Any]:
    """What connect() of PyMySQL, and of asyncmy, takes to reach the bench's database."""
    parts = urlsplit(os.environ["DATABASE_URL"])
    return {
        "host": parts.hostname,
        "port": parts.port,
        "user": parts.username,
        "password": "",
        "database": parts.path[1:],
        "charset": "utf8mb4",
        "autocommit": True,
        "init_command": "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    }


def claim_values(job_id: str) -> tuple[str, str, str]:
    """Values for CLAIM; the second is the claim's id, which OUTCOME wants again."""
    return WORKER_ID, str(uuid.uuid4()), job_id


def outcome_values(job_id: str, claim_id: str, result: Any) -> tuple[str, str, str]:
    """Values for OUTCOME."""
    return json.dumps(result), job_id, claim_id
