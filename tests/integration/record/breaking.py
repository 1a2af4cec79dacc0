"""What befalls the jobs of an upstream, for tests of its breaker and limits."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Engine, select, update

from chalicelib.broker.contracts.load_balancers import CREATE, CreateLoadBalancer
from chalicelib.db.tables import control_slots
from chalicelib.domain.load_balancers import LoadBalancerSpec
from chalicelib.schemas.controls import BreakerView
from chalicelib.services import admission, breakers
from chalicelib.services.claims import Claim, ClaimAnswer
from chalicelib.services.job_lifecycle import Ended, fail, succeed
from chalicelib.services.jobs import NewJob, submit
from chalicelib.services.outcomes import Fault
from tests.integration.record.admissions import hear

FAULT = Fault(type="UpstreamUnavailable", message="no answer", retryable=True)
#: The one that the settings of tests name.
UPSTREAM = "memory"


def new(engine: Engine) -> str:
    """A job that calls the upstream."""
    spec = LoadBalancerSpec(name="web", subnet_ids=["subnet-1"])
    parameters = CreateLoadBalancer(load_balancer_id="lb", spec=spec)
    return str(submit(engine, "demo", NewJob(contract=CREATE, parameters=parameters)).id)


def break_off(engine: Engine, held: Claim) -> Ended:
    """What a worker does about an attempt whose upstream did not answer."""
    counts = not breakers.note_failure(engine, held.job_id, FAULT.type)
    ended = fail(engine, held, FAULT, lambda attempts, most: 1.0, counts=counts)
    admission.leave(engine, [held.job_id])
    assert ended is not None
    return ended


def end(engine: Engine, held: Claim) -> None:
    assert succeed(engine, held, None)
    if held.has_slot:
        breakers.note_answer(engine, held.job_id)
        admission.leave(engine, [held.job_id])


def open_by_failures(engine: Engine) -> list[str]:
    """As many jobs fail as it takes; returns their ids."""
    ids = [new(engine) for _ in range(5)]
    for held, answer in [hear(engine, job_id) for job_id in ids]:
        assert answer is ClaimAnswer.CLAIMED
        break_off(engine, held)
    return ids


def let_cool_down(engine: Engine) -> None:
    with engine.connect() as connection:
        for slot in connection.execute(select(control_slots)).all():
            connection.execute(
                update(control_slots).values(free_at=slot.free_at - timedelta(seconds=31))
            )


def look(engine: Engine) -> BreakerView:
    (seen,) = breakers.list_breakers(engine, "demo")
    return seen
