"""Controls: what is paused or limited across the whole fleet."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table

from chalicelib.db.tables.metadata import TABLE_OPTIONS, metadata
from chalicelib.db.types import UtcDateTime, ascii_text, text

#: One row for each queue, task or upstream that is paused, limited or has failed of late; claims
#: look whether there is one.
controls = Table(
    "controls",
    metadata,
    #: queue, task or upstream.
    Column("scope", ascii_text(8), primary_key=True),
    Column("name", text(255), primary_key=True),
    Column("paused_at", UtcDateTime()),
    #: So many jobs may begin in any so many seconds.
    Column("rate_count", Integer()),
    Column("rate_seconds", Integer()),
    #: So many jobs may run at the same time.
    Column("at_once", Integer()),
    #: When the last of the jobs that were sent back for the rate is to come again.
    Column("returns_at", UtcDateTime()),
    #: An upstream's circuit breaker. Failures of the upstream since its last success; NULL: none.
    #: 0 of a closed one: jobs that were held for it are being let go.
    Column("failures", Integer()),
    #: Class of the last one.
    Column("last_error_type", ascii_text(80)),
    #: Since when it is open; NULL: it is closed.
    Column("opened_at", UtcDateTime()),
    **TABLE_OPTIONS,
)

#: What a job takes to begin under a limit. Each claim takes another row, so that the workers
#: of a fleet do not wait for each other.
control_slots = Table(
    "control_slots",
    metadata,
    Column("scope", ascii_text(8), primary_key=True),
    Column("name", text(255), primary_key=True),
    #: rate: free again at `free_at`; at_once: free again when its job has ended; probe: there is
    #: one while a circuit breaker is open, for the job that may try from `free_at` on.
    Column("kind", ascii_text(8), primary_key=True),
    Column("number", Integer(), primary_key=True, autoincrement=False),
    Column("free_at", UtcDateTime(), nullable=False),
    #: The job that runs in it, of kinds at_once and probe.
    Column("job_id", ascii_text(155)),
    Index("ix_control_slots_job_id", "job_id"),
    **TABLE_OPTIONS,
)
