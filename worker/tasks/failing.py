"""What was to follow a job that ended without success ends too, and errbacks are called."""

from __future__ import annotations

from functools import partial
from typing import Any

from celery import current_app
from celery.app.task import Context
from kombu.utils import json as kombu_json
from sqlalchemy import Connection, Row

from chalicelib.broker.contracts import canvas as contracts
from chalicelib.db.engine import after_commit
from chalicelib.services.canvas import Sent, write_sent
from chalicelib.services.followers import read_failed
from chalicelib.services.jobs import ring_committed
from worker import process
from worker.sending import collecting
from worker.tasks.base import Job, implements


@implements(contracts.FAIL_FOLLOWERS)
def fail_followers(job: Job, parameters: contracts.FailFollowers) -> None:
    """Tell them by Celery's own code, and write what it sends with this job's success."""
    row = read_failed(process.engine(), parameters.job_id)
    if row is None:
        return
    backend = current_app.backend
    known = backend.get_task_meta(row.id, cache=False)
    with collecting() as sent:
        backend.tell_followers(_request_of(row), known["result"], known["traceback"])
    for values, _ in sent.ended.values():
        values["parent_id"] = row.id
    job.record(partial(_write, sent=sent))


def _write(connection: Connection, sent: Sent) -> None:
    bells = write_sent(connection, sent)
    after_commit(connection, partial(ring_committed, bells=bells))


def _request_of(row: Row[Any]) -> Context:
    """The request of a job as its task saw it."""
    message = kombu_json.loads(kombu_json.dumps(row.message))
    known = {**message.get("headers", {}), **message.get("embed", {})}
    known |= {"id": row.id, "task": row.task, "delivery_info": {"routing_key": row.queue}}
    args, kwargs = message.get("args", []), row.parameters
    return Context(known, args=args, kwargs=kwargs, project_id=row.project_id)
