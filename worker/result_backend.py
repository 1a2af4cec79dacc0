"""Celery's result backend over the jobs table.

`AsyncResult(job_id).get()` reads the row. Workers write outcomes in `worker.tasks.base`;
what arrives here is what Celery's main process decides alone: a task that ran into its
hard time limit, a pool process that died, a message that expired.
"""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from celery import current_task
from celery.app.task import Context
from celery.backends.base import BaseBackend
from celery.canvas import group, maybe_signature
from celery.exceptions import ChordError, TaskRevokedError, WorkerLostError
from celery.result import result_from_tuple
from celery.worker import state as worker_state
from kombu.utils import json as kombu_json
from sqlalchemy import Text, select, type_coerce

from chalicelib.broker.queues import DEFAULT
from chalicelib.db.engine import connect, in_transaction
from chalicelib.db.tables import jobs
from chalicelib.domain.ids import is_job_id
from chalicelib.domain.jobs import JobState
from chalicelib.errors import DatabaseUnavailable
from chalicelib.services import job_lifecycle, saved_groups
from chalicelib.services.adoption import end_expired
from chalicelib.services.canvas import Chord, Sent
from chalicelib.services.chords import add_part, is_unbroken
from chalicelib.services.claims import Claim
from chalicelib.services.dispatcher import ring_waiting
from chalicelib.services.job_lifecycle import Ended
from chalicelib.services.jobs import ring_committed
from worker import process
from worker.metrics import METRICS
from worker.sending import submit
from worker.tasks.claiming import FOREIGN_PROJECT, insist, make_foreign_job
from worker.tasks.deferred import note_end
from worker.tasks.faults import decide_delay, describe, is_retryable
from worker.tasks.following import let_others_go

logger = logging.getLogger(__name__)

#: Seconds that the main process, which does nothing else meanwhile, waits for a database
#: that is away. After that the job's lease lapses and it is rescued.
_PATIENCE_SECONDS = 10.0


class JobsBackend(BaseBackend):  # type: ignore[misc]  # celery has no types
    """Reads jobs for `AsyncResult`, and records what only the main process can know."""

    persistent = True

    def as_uri(self, include_password: bool = False) -> str:
        """The database's URL, for the banner."""
        url = process.engine().url
        return url.render_as_string(hide_password=not include_password)

    def encode_result(self, result: Any, state: str) -> Any:
        """As it is: Celery makes a dict of an exception, and its class decides what follows."""
        return result

    def _store_result(
        self,
        task_id: str,
        result: Any,
        state: str,
        traceback: str | None = None,
        request: Any = None,
        **_: Any,
    ) -> None:
        if getattr(request, "is_recorded", False):
            return  # the task base did it
        if state == JobState.FAILURE and getattr(request, "claim_id", None):
            self._record_failure(request, result)
        elif state == JobState.FAILURE:
            self._end_unborn(task_id, result, request)
        elif state == JobState.REVOKED:
            self._record_expiry(task_id, request)
        else:
            logger.debug("state not kept: job_id=%s state=%s", task_id, state)

    def _record_expiry(self, job_id: str, request: Any) -> None:
        try:
            new = make_foreign_job(self.app.tasks[request.task], request)
            insist(
                lambda: end_expired(process.engine(), job_id, new),
                patience_seconds=_PATIENCE_SECONDS,
            )
        except DatabaseUnavailable:
            logger.warning("expiry not recorded: job_id=%s", job_id)

    def apply_chord(self, header_result_args: Any, body: Any, **_: Any) -> None:
        """Remember a chord's parts: the last that succeeds makes its body, see `worker.tasks`."""
        header = self.app.GroupResult(*header_result_args)
        submit(Sent(chords=[Chord(id=header.id, parts=[each.id for each in header.results])]))

    def mark_as_failure(
        self,
        task_id: str,
        exc: BaseException,
        traceback: str | None = None,
        request: Any = None,
        **options: Any,
    ) -> None:
        """Record the failure of a job; those who follow it hear by `canvas.fail_followers`."""
        if getattr(request, "claim_id", None) is None:
            super().mark_as_failure(task_id, exc, traceback, request, **options)
        elif options.get("store_result", True):
            self.store_result(task_id, exc, JobState.FAILURE, traceback=traceback, request=request)

    def mark_as_revoked(
        self, task_id: str, reason: str = "", request: Any = None, **options: Any
    ) -> None:
        """Record that a job's message expired; the same for those who follow it."""
        if options.get("store_result", True):
            error = TaskRevokedError(reason)
            self.store_result(task_id, error, JobState.REVOKED, request=request)

    def tell_followers(self, request: Any, error: BaseException, traceback: str | None) -> None:
        """A job ended without success: Celery's way to tell its chord, chain and errbacks.

        To be called while what is sent is collected, see `worker.sending`. Of a job that was
        cancelled errbacks do not hear.
        """
        request.is_recorded = True
        heard = not isinstance(error, TaskRevokedError)
        super().mark_as_failure(request.id, error, traceback, request, call_errbacks=heard)

    def add_to_chord(self, chord_id: str, result: Any) -> None:
        """One more part of a chord that has not ended: `task.add_to_chord` sends it after this."""
        in_transaction(
            process.engine(), lambda connection: add_part(connection, chord_id, result.id)
        )

    def on_chord_part_return(self, request: Any, state: str, result: Any, **_: Any) -> None:
        """A part has ended; of one that did not succeed the body's failure is told, once."""
        if state == JobState.SUCCESS or not is_job_id(request.group):
            return  # counted in the transaction of the success
        if not is_unbroken(process.engine(), request.group):
            return
        submit(Sent(broken=[request.group]))
        body = maybe_signature(request.chord, app=self.app)
        try:
            # Celery wants it to be the one that is handled just then.
            raise ChordError(f"Dependency {request.id} raised {result!r}") from result  # noqa: TRY301
        except ChordError as error:
            self.chord_error_from_stack(body, error)

    def chord_error_from_stack(self, callback: Any, exc: BaseException | None = None) -> Any:
        """The body of a chord will not begin, nor that of a chord which it is a part of."""
        error = exc or ChordError()
        for body in callback.tasks if isinstance(callback, group) else [callback]:
            if body.id is not None:
                self._end_unborn(body.id, error, body)
        told = super().chord_error_from_stack(callback, error)
        outer = callback.options
        if outer.get("chord") is not None:
            part = Context(id=callback.id, group=outer.get("group_id"), chord=outer["chord"])
            self.on_chord_part_return(part, JobState.FAILURE, error)
        return told

    def _end_unborn(self, job_id: str, error: Any, request: Any) -> None:
        """A job that was to follow another will not begin: it ends as FAILURE all the same."""
        sender = current_task.request if current_task else None
        values: dict[str, Any] = {
            "project_id": getattr(sender, "project_id", None) or FOREIGN_PROJECT,
            "task": str(getattr(request, "task", None) or "unknown")[:255],
            "queue": DEFAULT,
            "parameters": {},
            "max_attempts": 1,
        }
        try:
            submit(Sent(ended={job_id: (values, describe(error, retryable=False))}))
        except DatabaseUnavailable:
            logger.warning("failure not told: job_id=%s", job_id)

    def _record_failure(self, request: Any, error: BaseException) -> None:
        held = Claim(
            job_id=request.id,
            claim_id=request.claim_id,
            worker_id=request.worker_id,
            has_slot=bool(getattr(request, "has_slot", False)),
        )
        task = self.app.tasks.get(request.task)
        contract = getattr(task, "contract", None)
        delay = decide_delay(contract, error)
        fault = describe(error, retryable=is_retryable(contract, error))
        engine = process.engine()

        def record() -> Ended | None:
            # Who stops a worker often signals its pool too (a whole process group): that is
            # no fault of the job.
            is_stopping = worker_state.should_stop is not None or process.is_leaving.is_set()
            if isinstance(error, WorkerLostError) and is_stopping:
                return job_lifecycle.release(engine, held, "its worker was told to stop")
            return job_lifecycle.fail(engine, held, fault, delay)

        try:
            ended = insist(record, patience_seconds=_PATIENCE_SECONDS)
            if ended is None:
                # The process died before it claimed: the bell is spent, the job still waits.
                ring_waiting(engine, held.job_id)
                return
            if not note_end(ended.state):
                METRICS.ended(request.task, ended.state, None)
            let_others_go(held, ended.project_id, ended.key, has_answered=False)
            if ended.bell is not None:
                ring_committed(engine, [ended.bell])
        except DatabaseUnavailable:
            logger.warning("failure not recorded, the lease will lapse: job_id=%s", held.job_id)

    def _save_group(self, group_id: str, result: Any) -> Any:
        members = msgspec.Raw(kombu_json.dumps(result.as_tuple()).encode())
        saved_groups.save(process.engine(), group_id, members)
        return result

    def _restore_group(self, group_id: str) -> dict[str, Any] | None:
        members = saved_groups.read(process.engine(), group_id)
        return None if members is None else {"result": result_from_tuple(members, self.app)}

    def _delete_group(self, group_id: str) -> None:
        saved_groups.delete(process.engine(), group_id)

    def _get_task_meta_for(self, task_id: str) -> dict[str, Any]:
        with connect(process.engine()) as connection:
            row = connection.execute(
                select(
                    jobs.c.state,
                    jobs.c.finished_at,
                    jobs.c.error,
                    # kombu's JSON turns dates and UUIDs back into what they were
                    type_coerce(jobs.c.result, Text).label("result"),
                ).where(jobs.c.id == task_id)
            ).one_or_none()
        if row is None:
            return {"task_id": task_id, "status": JobState.PENDING.value, "result": None}
        error: dict[str, Any] = row.error or {}
        meta: dict[str, Any] = {
            "task_id": task_id,
            "status": row.state,
            "result": None,
            "traceback": error.get("traceback"),
            "date_done": row.finished_at.isoformat() if row.finished_at else None,
            "children": [],
        }
        if row.state == JobState.SUCCESS:
            meta["result"] = None if row.result is None else kombu_json.loads(row.result)
        elif row.state == JobState.REVOKED:
            meta["result"] = self.prepare_exception(TaskRevokedError(error.get("message")))
        elif row.state in (JobState.FAILURE, JobState.RETRY):
            meta["result"] = {
                "exc_type": error.get("type", "Exception"),
                "exc_module": error.get("module", "builtins"),
                "exc_message": error.get("arguments") or [error.get("message", "")],
            }
        decoded: dict[str, Any] = self.meta_from_decoded(meta)
        return decoded

    def _forget(self, task_id: str) -> None:
        """Jobs are history and leave by retention; only the result is forgotten."""
        with connect(process.engine()) as connection:
            connection.execute(
                jobs.update().where(jobs.c.id == task_id).values(result=msgspec.Raw(b"null"))
            )
