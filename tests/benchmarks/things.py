"""One row of each kind that the API can be asked for by its id."""

from __future__ import annotations

from chalicelib.db.engine import make_engine
from tests.benchmarks.lab import PROJECT, Room
from tests.factories.attempts import create_attempt
from tests.factories.jobs import create_job
from tests.factories.load_balancers import create_load_balancer
from tests.factories.schedules import create_schedule
from tests.factories.servers import create_server
from tests.factories.tokens import create_token
from tests.factories.webhooks import create_webhook

_KINDS = {
    "job_id": create_job,
    "schedule_id": create_schedule,
    "load_balancer_id": create_load_balancer,
    "server_id": create_server,
    "webhook_id": create_webhook,
    "token_id": create_token,
}


def make_things(room: Room) -> dict[str, str]:
    """Make them in a room; returns ids by the names that routes have for them."""
    engine = make_engine(room.database_url)
    try:
        ids = {name: str(create(engine, project_id=PROJECT).id) for name, create in _KINDS.items()}
        create_attempt(engine, ids["job_id"])
    finally:
        engine.dispose()
    return ids
