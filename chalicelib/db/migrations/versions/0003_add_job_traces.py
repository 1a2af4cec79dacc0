"""Adds where a job comes from: the request, and its trace."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chalicelib.db.types import ascii_text

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("request_id", ascii_text(64), nullable=True))
    op.add_column("jobs", sa.Column("traceparent", ascii_text(55), nullable=True))
