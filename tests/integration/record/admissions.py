"""What a worker does about a bell, for tests of pauses and limits."""

from __future__ import annotations

import pytest
from sqlalchemy import Engine

from chalicelib.broker.contracts.diagnostics import ECHO, Echo
from chalicelib.services import admission
from chalicelib.services.claims import Claim, ClaimAnswer, claim_many
from chalicelib.services.dispatcher import ring_waiting
from chalicelib.services.jobs import NewJob, submit
from tests.factories.jobs import new_claim, read_job

LEASE = 40.0
BOTH = pytest.mark.parametrize(("scope", "name"), [("queue", "default"), ("task", ECHO.name)])


def new(engine: Engine) -> str:
    return str(submit(engine, "demo", NewJob(contract=ECHO, parameters=Echo())).id)


def hear(engine: Engine, job_id: str) -> tuple[Claim, ClaimAnswer]:
    """What a worker does about a bell."""
    held = new_claim(job_id)
    (answer,) = claim_many(engine, [held], {job_id: read_job(engine, job_id).attempts}, LEASE)
    if answer is ClaimAnswer.EARLY:
        answer = admission.admit(engine, held, LEASE)
    if answer is ClaimAnswer.EARLY:
        ring_waiting(engine, job_id)
    return held, answer
