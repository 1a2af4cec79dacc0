"""Adds upstreams of jobs, and the circuit breakers of upstreams."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chalicelib.db.types import UtcDateTime, ascii_text

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("upstream", ascii_text(80), nullable=True))
    op.add_column("controls", sa.Column("failures", sa.Integer(), nullable=True))
    op.add_column("controls", sa.Column("last_error_type", ascii_text(80), nullable=True))
    op.add_column("controls", sa.Column("opened_at", UtcDateTime(), nullable=True))
