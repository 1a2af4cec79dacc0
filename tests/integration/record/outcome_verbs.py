"""How attempts end in tests: faults, delays, and effects that leave a trace."""

from __future__ import annotations

from functools import partial
from typing import Any

from sqlalchemy import Connection, Engine

from chalicelib.services.claims import Claim, ClaimAnswer, claim
from chalicelib.services.job_lifecycle import Delay, succeed
from chalicelib.services.outcomes import Fault, JobFacts, settle_success
from tests.factories.jobs import new_claim, read_job
from tests.factories.tokens import create_token

BROKEN = Fault(type="RuntimeError", message="It broke.", retryable=True, traceback="Trace ...")
HOPELESS = Fault(type="PermanentError", code="permanent", message="No use.", retryable=False)


def start(engine: Engine, job_id: str) -> Claim:
    """Claim a job that may run."""
    held = new_claim(job_id)
    assert claim(engine, held, 40.0) is ClaimAnswer.CLAIMED
    return held


def finish(engine: Engine, held: Claim, seen: Any) -> bool:
    """Succeed as the task's base does, with what was seen upstream."""
    facts = JobFacts.from_row(read_job(engine, held.job_id))
    return succeed(engine, held, None, [partial(settle_success, job=facts, result=seen)])


def never(attempts: int, max_attempts: int) -> float | None:
    """Not to be tried again."""
    return None


def after(seconds: float) -> Delay:
    """To be tried again in so many seconds while attempts last."""
    return lambda attempts, max_attempts: seconds if attempts < max_attempts else None


def leave_trace(connection: Connection) -> None:
    """Something that becomes true with an outcome: a row that anybody can count."""
    create_token(connection)


def count_traces(engine: Engine) -> Any:
    """How often something became true."""
    with engine.connect() as connection:
        return connection.exec_driver_sql("SELECT COUNT(*) FROM tokens").scalar_one()
