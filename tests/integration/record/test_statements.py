"""How many statements a job costs: two in the worker, claim and outcome."""

from __future__ import annotations

import msgspec
import pytest
from sqlalchemy import Engine, text

from chalicelib.db.engine import make_engine
from chalicelib.domain.ids import new_id
from chalicelib.services.claims import Claim, claim, claim_many
from chalicelib.services.job_lifecycle import fail, release, succeed
from chalicelib.services.leases import extend, read_orders
from chalicelib.services.success_batches import succeed_many
from tests.factories.jobs import WORKER, create_claimed_job, create_job, new_claim
from tests.integration.record.outcome_verbs import BROKEN, after, leave_trace
from tests.statements import recorded, verbs

RESULT = msgspec.Raw(b"7")


def test_job_is_claimed_and_succeeds_in_two_statements(engine: Engine) -> None:
    held = new_claim(create_job(engine).id)
    with recorded(engine) as sent:
        claim(engine, held, 40.0)
        succeed(engine, held, RESULT)
    assert verbs(sent) == ["UPDATE", "UPDATE"]


def test_a_hundred_jobs_take_no_more_statements_than_one(engine: Engine) -> None:
    claim_id = new_id()
    held = [
        Claim(job_id=create_job(engine).id, claim_id=claim_id, worker_id=WORKER) for _ in range(100)
    ]
    with recorded(engine) as sent:
        claim_many(engine, held, {one.job_id: 0 for one in held}, 40.0)
        succeed_many(engine, [(one, RESULT) for one in held])
    assert verbs(sent) == ["UPDATE", "UPDATE"]


def test_job_takes_two_statements_on_the_wire(mariadb_engine: Engine) -> None:
    """As the server counts them, so without what a driver or a pool might add unseen."""
    engine = make_engine(mariadb_engine.url.render_as_string(hide_password=False), pool_size=1)
    claims = [new_claim(create_job(engine).id) for _ in range(10)]

    def count() -> int:
        with engine.connect() as connection:
            row = connection.execute(text("SHOW SESSION STATUS LIKE 'Questions'")).one()
            return int(row[1])

    before = count()
    for held in claims:
        claim(engine, held, 40.0)
        succeed(engine, held, RESULT)
    asked = count() - before - 1  # less the second SHOW
    engine.dispose()
    assert asked == 2 * len(claims)


def test_success_with_effects_is_one_transaction(engine: Engine) -> None:
    held = create_claimed_job(engine)
    with recorded(engine) as sent:
        succeed(engine, held, RESULT, [leave_trace])
    own = [word for word in verbs(sent) if word != "SELECT"]  # the factory reads what it wrote
    assert own == ["BEGIN", "UPDATE", "INSERT", "COMMIT"]


def test_bell_of_a_taken_job_costs_two_statements(engine: Engine) -> None:
    job = create_job(engine, state="SUCCESS")
    with recorded(engine) as sent:
        claim(engine, new_claim(job.id), 40.0)
    assert verbs(sent) == ["UPDATE", "SELECT"]


@pytest.mark.parametrize("number", [1, 7])
def test_beat_costs_two_statements_however_many_jobs(engine: Engine, number: int) -> None:
    job_ids = [create_claimed_job(engine).job_id for _ in range(number)]
    with recorded(engine) as sent:
        extend(engine, WORKER, job_ids, 40.0)
        read_orders(engine, WORKER, job_ids)
    assert verbs(sent) == ["UPDATE", "SELECT"]


def test_attempt_that_fails_is_one_transaction(engine: Engine) -> None:
    held, other = create_claimed_job(engine), create_claimed_job(engine)
    with recorded(engine) as sent:
        fail(engine, held, BROKEN, after(0))
        release(engine, other, "stop")
    assert verbs(sent) == ["BEGIN", "SELECT", "INSERT", "UPDATE", "COMMIT"] * 2
