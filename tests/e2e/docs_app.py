"""The worker's application with the task of docs/add-a-task.md, found as if it lay in its place."""

from __future__ import annotations

import os

import chalicelib.broker.contracts
import worker.tasks

folder = os.environ["DOCUMENTED_TASK"]
chalicelib.broker.contracts.__path__.append(f"{folder}/chalicelib/broker/contracts")
worker.tasks.__path__.append(f"{folder}/worker/tasks")

from worker.celery import app  # noqa: E402 - it looks for tasks when it is made

__all__ = ["app"]
