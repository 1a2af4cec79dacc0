"""The project's worker application, in a hurry: short polls, so that tests need not wait.

A poll of a killed worker goes on inside an emulated SQS until its time is over, and what it
receives is invisible for a while: with long polls each kill would cost a test a minute.
"""

from __future__ import annotations

import os

from celery import Celery

from chalicelib.broker import queues


def _make_app() -> Celery:
    queues.WAIT_SECONDS = int(os.environ.get("E2E_WAIT_SECONDS", "1"))
    queues.VISIBILITY_SECONDS = int(os.environ.get("E2E_VISIBILITY_SECONDS", "6"))
    from worker.celery import app as made

    return made


app = _make_app()
