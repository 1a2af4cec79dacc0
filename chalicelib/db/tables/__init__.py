"""The tables of the record, one file a noun."""

from chalicelib.db.tables.attempts import attempts
from chalicelib.db.tables.audit_entries import audit_entries
from chalicelib.db.tables.chords import chords
from chalicelib.db.tables.controls import control_slots, controls
from chalicelib.db.tables.deliveries import deliveries
from chalicelib.db.tables.idempotency_keys import idempotency_keys
from chalicelib.db.tables.job_counts import job_counts
from chalicelib.db.tables.job_keys import job_key_places, job_keys
from chalicelib.db.tables.job_tags import job_tags
from chalicelib.db.tables.jobs import jobs
from chalicelib.db.tables.load_balancers import load_balancers
from chalicelib.db.tables.metadata import metadata
from chalicelib.db.tables.saved_groups import saved_groups
from chalicelib.db.tables.schedules import schedules
from chalicelib.db.tables.servers import servers
from chalicelib.db.tables.tokens import tokens
from chalicelib.db.tables.webhooks import webhooks
from chalicelib.db.tables.workers import workers

__all__ = [
    "attempts",
    "audit_entries",
    "chords",
    "control_slots",
    "controls",
    "deliveries",
    "idempotency_keys",
    "job_counts",
    "job_key_places",
    "job_keys",
    "job_tags",
    "jobs",
    "load_balancers",
    "metadata",
    "saved_groups",
    "schedules",
    "servers",
    "tokens",
    "webhooks",
    "workers",
]
