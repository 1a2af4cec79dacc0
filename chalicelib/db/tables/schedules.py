"""Schedules: which jobs are made by themselves, and when the next one is."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table, UniqueConstraint

from chalicelib.db.tables.metadata import TABLE_OPTIONS, metadata
from chalicelib.db.types import Json, UtcDateTime, ascii_text, text

schedules = Table(
    "schedules",
    metadata,
    Column("id", ascii_text(36), primary_key=True),
    Column("project_id", text(64), nullable=False),
    Column("name", text(255), nullable=False),
    Column("task", text(255), nullable=False),
    #: Keyword arguments of the task.
    Column("parameters", Json(), nullable=False),
    #: Either a cron expression, read in the time zone, or a number of seconds.
    Column("cron", text(255)),
    Column("time_zone", ascii_text(64), nullable=False),
    Column("every_seconds", Integer()),
    #: What becomes of missed runs: run_once or skip.
    Column("if_missed", ascii_text(16), nullable=False),
    Column("paused_at", UtcDateTime()),
    #: The first run that no job was made for yet; NULL while it is paused.
    Column("next_run_at", UtcDateTime()),
    #: The last run that a job was made for, and that job.
    Column("last_run_at", UtcDateTime()),
    Column("last_job_id", ascii_text(155)),
    Column("created_at", UtcDateTime(), nullable=False),
    Column("updated_at", UtcDateTime(), nullable=False),
    UniqueConstraint("project_id", "name"),
    # The dispatcher's.
    Index("ix_schedules_next_run_at", "next_run_at"),
    # The list's: newest first within a project.
    Index("ix_schedules_project_id_created_at_id", "project_id", "created_at", "id"),
    **TABLE_OPTIONS,
)
