"""The test's worker application, with tasks changed by Celery's `task_annotations`."""

from __future__ import annotations

from tests.e2e.tasks_app import app

app.conf.task_annotations = {
    "e2e.sleep": {"rate_limit": "2/s"},
    "e2e.clean_up": {"soft_time_limit": 1},
    "plain.retry": {"max_retries": 0},
}
