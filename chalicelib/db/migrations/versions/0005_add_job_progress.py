"""Adds how far a job has come."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chalicelib.db.types import Json

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("jobs", sa.Column("progress", Json(), nullable=True))
