"""Jobs: one row from the moment a job is accepted until it is cleaned away."""

from __future__ import annotations

from sqlalchemy import Column, Computed, Index, Integer, Table

from chalicelib.db.tables.metadata import TABLE_OPTIONS, metadata
from chalicelib.db.types import Json, UtcDateTime, ascii_text, text

jobs = Table(
    "jobs",
    metadata,
    Column("id", ascii_text(155), primary_key=True),
    Column("project_id", text(64), nullable=False),
    Column("task", text(255), nullable=False),
    Column("queue", ascii_text(80), nullable=False),
    #: Keyword arguments of the task.
    Column("parameters", Json(), nullable=False),
    #: Positional arguments and what else a message of another Celery client carried.
    Column("message", Json()),
    Column("state", ascii_text(16), nullable=False),
    Column("created_at", UtcDateTime(), nullable=False),
    Column("run_at", UtcDateTime(), nullable=False),
    #: When its bell was sent, or was about to be; NULL: it has to be rung.
    Column("rung_at", UtcDateTime()),
    Column("started_at", UtcDateTime()),
    Column("finished_at", UtcDateTime()),
    #: Claims that count; a release takes its claim back.
    Column("attempts", Integer(), nullable=False),
    Column("max_attempts", Integer(), nullable=False),
    Column("worker_id", ascii_text(36)),
    #: The present or last claim; an outcome is accepted from this claim only.
    Column("claim_id", ascii_text(36)),
    Column("lease_expires_at", UtcDateTime()),
    Column("cancel_requested_at", UtcDateTime()),
    #: Jobs of a project that share a key run one at a time: see services/keys.py.
    Column("key", text(255)),
    #: When it may run at the earliest, for one that is held until its turn comes.
    Column("not_before", UtcDateTime()),
    #: The job that it follows or was sent by.
    Column("parent_id", ascii_text(155)),
    #: What it calls, by its task and project: see services/upstreams.py.
    Column("upstream", ascii_text(80)),
    #: What it waits for besides a time: key, control (paused, or too many at once), rate, breaker
    #: (its upstream is out of order) or canvas (it was replaced by a chord that has not ended).
    Column("held_by", ascii_text(8)),
    #: The newer job that took its place, and those whose place it took.
    Column("superseded_by", ascii_text(155)),
    Column("supersedes", Json()),
    #: How far it has come, as its task tells it.
    Column("progress", Json()),
    #: The request to the API that it comes from, and its W3C trace.
    Column("request_id", ascii_text(64)),
    Column("traceparent", ascii_text(55)),
    Column("result", Json()),
    Column("error", Json()),
    #: Words that its client finds it by; each has a row in job_tags too.
    Column("tags", Json()),
    #: Seconds that an attempt may take; NULL: what the task's contract says.
    Column("timeout_seconds", Integer()),
    #: The token that submitted it; NULL: the system itself or another Celery client.
    Column("created_by", ascii_text(36)),
    #: Of project, task and parameters, if no second such job is wanted beside it.
    Column("unique_digest", ascii_text(64)),
    #: The same until the job has ended: an index can be unique in this, whoever ends it.
    Column(
        "unique_lock",
        ascii_text(64),
        Computed(
            "CASE WHEN state IN ('PENDING', 'RETRY', 'STARTED') THEN unique_digest END",
            persisted=False,
        ),
    ),
    # The dispatcher's: rows to ring, rows to rescue, without looking at finished ones.
    Index("ix_jobs_dispatch", "queue", "state", "rung_at", "run_at"),
    # The list's: newest first within a project, of all jobs and by each filter.
    Index("ix_jobs_project_id_created_at_id", "project_id", "created_at", "id"),
    Index("ix_jobs_project_id_state_created_at_id", "project_id", "state", "created_at", "id"),
    Index("ix_jobs_project_id_task_created_at_id", "project_id", "task", "created_at", "id"),
    Index("ix_jobs_project_id_queue_created_at_id", "project_id", "queue", "created_at", "id"),
    Index("ix_jobs_project_id_key_created_at_id", "project_id", "key", "created_at", "id"),
    Index("ix_jobs_parent_id", "parent_id"),
    Index("uq_jobs_unique_lock", "unique_lock", unique=True),
    # The cleaner's.
    Index("ix_jobs_finished_at", "finished_at"),
    **TABLE_OPTIONS,
)
