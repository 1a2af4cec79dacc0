"""Notes with each load balancer the cloud that it is made in."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

from chalicelib.db.types import text

revision = "0016"
down_revision = "0015"


def upgrade() -> None:
    # NULL, of those that are there: the next job of each notes what settings say.
    op.add_column("load_balancers", sa.Column("upstream", text(128), nullable=True))
