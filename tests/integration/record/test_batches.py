"""Many jobs are claimed, recorded or given back by one statement as each would be alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import msgspec
import pytest
from sqlalchemy import Engine, select

from chalicelib.db.clock import now, seconds_from_now
from chalicelib.db.engine import make_engine
from chalicelib.db.tables import jobs
from chalicelib.domain.ids import new_id
from chalicelib.services.claims import Claim, ClaimAnswer, claim_many
from chalicelib.services.job_lifecycle import release
from chalicelib.services.leases import extend, unclaim
from chalicelib.services.success_batches import Recorded, succeed_many
from tests.factories.jobs import create_claimed_job, create_job, new_claim, read_job
from tests.statements import recorded, verbs

SEVEN = msgspec.Raw(b"7")
ALL = Recorded(lost=set(), locked=set())


def hold(job_ids: Sequence[str], worker_id: str = "worker-7") -> list[Claim]:
    claim_id = new_id()
    return [Claim(job_id=one, claim_id=claim_id, worker_id=worker_id) for one in job_ids]


def claim_all(engine: Engine, held: list[Claim], attempts_before: int = 0) -> list[ClaimAnswer]:
    return claim_many(engine, held, {one.job_id: attempts_before for one in held}, 40.0)


def test_each_job_of_a_batch_has_the_claim(engine: Engine) -> None:
    held = hold([create_job(engine).id for _ in range(3)])
    assert claim_all(engine, held) == ["claimed"] * 3
    for one in held:
        row = read_job(engine, one.job_id)
        assert (row.state, row.attempts, row.worker_id) == ("STARTED", 1, "worker-7")
        assert row.claim_id == one.claim_id
        assert (row.lease_expires_at - row.started_at).total_seconds() == 40.0
        assert one.attempt == 1


def test_each_job_of_a_batch_gets_its_own_answer(engine: Engine) -> None:
    ids = [
        create_job(engine).id,
        create_job(engine, state="STARTED").id,
        "nobody",
        create_job(engine, run_at=seconds_from_now(60)).id,
        create_job(engine, state="REVOKED").id,
        create_job(engine).id,
    ]
    answers = claim_all(engine, hold(ids))
    assert answers == ["claimed", "taken", "unknown", "early", "taken", "claimed"]


def test_attempts_are_counted_by_the_row_when_the_bell_is_wrong(engine: Engine) -> None:
    held = hold([create_job(engine, state="RETRY", attempts=2).id, create_job(engine).id])
    assert claim_all(engine, held, attempts_before=1) == ["claimed", "claimed"]
    assert [one.attempt for one in held] == [3, 1]
    assert [read_job(engine, one.job_id).attempts for one in held] == [3, 1]


def test_jobs_of_different_attempts_share_a_batch(engine: Engine) -> None:
    numbers = {create_job(engine, attempts=n, max_attempts=9).id: n for n in (0, 3, 0, 5)}
    held = hold(list(numbers))
    assert claim_many(engine, held, numbers, 40.0) == ["claimed"] * 4
    assert [one.attempt for one in held] == [1, 4, 1, 6]


def test_batch_is_asked_for_again_when_its_answer_was_lost(engine: Engine) -> None:
    held = hold([create_job(engine).id for _ in range(3)])
    claim_all(engine, held)
    assert claim_all(engine, held) == ["claimed"] * 3
    assert [read_job(engine, one.job_id).attempts for one in held] == [1, 1, 1]


def test_results_go_to_their_jobs(engine: Engine) -> None:
    held = [create_claimed_job(engine) for _ in range(4)]
    texts = [b"7", None, b'"\\u00fc \\"quoted\\" %s :x"', b"[null]"]
    results = [None if text is None else msgspec.Raw(text) for text in texts]
    assert succeed_many(engine, list(zip(held, results, strict=True))) == ALL
    rows = [read_job(engine, one.job_id) for one in held]
    assert [row.result for row in rows] == [7, None, '\u00fc "quoted" %s :x', [None]]
    assert {(row.state, row.lease_expires_at) for row in rows} == {("SUCCESS", None)}
    assert all(row.finished_at is not None for row in rows)


@pytest.mark.parametrize("count", [8, 9, 15, 16, 17])
def test_batch_of_any_size_is_claimed_and_recorded_once(engine: Engine, count: int) -> None:
    held = hold([create_job(engine).id for _ in range(count)])
    results = [msgspec.Raw(str(number).encode()) for number in range(count)]
    with recorded(engine) as sent:
        assert claim_all(engine, held) == ["claimed"] * count
        assert succeed_many(engine, list(zip(held, results, strict=True))) == ALL
    assert verbs(sent) == ["UPDATE", "UPDATE"]
    rows = [read_job(engine, one.job_id) for one in held]
    assert [(row.attempts, row.result) for row in rows] == [(1, n) for n in range(count)]


def test_batches_of_many_sizes_share_a_statement(engine: Engine) -> None:
    texts = []
    for count in (9, 12, 16):
        held = hold([create_job(engine).id for _ in range(count)])
        with recorded(engine) as sent:
            claim_all(engine, held)
            assert succeed_many(engine, [(one, SEVEN) for one in held]) == ALL
        texts.append([statement.text for statement in sent])
    assert texts[0] == texts[1] == texts[2]


def test_lost_claim_keeps_nobody_else_from_succeeding(engine: Engine) -> None:
    mine, other = create_claimed_job(engine), create_claimed_job(engine)
    stale = new_claim(other.job_id)
    assert succeed_many(engine, [(mine, SEVEN), (stale, SEVEN)]) == Recorded(
        lost={other.job_id}, locked=set()
    )
    assert read_job(engine, mine.job_id).state == "SUCCESS"
    assert read_job(engine, other.job_id).state == "STARTED"


def test_claims_of_a_batch_are_not_exchanged(engine: Engine) -> None:
    """A job that two claims of one batch name between them belongs to the younger alone."""
    first, second = create_claimed_job(engine), create_claimed_job(engine)
    crossed = Claim(job_id=first.job_id, claim_id=second.claim_id, worker_id="worker-1")
    assert succeed_many(engine, [(crossed, SEVEN), (second, SEVEN)]) == Recorded(
        lost={first.job_id}, locked=set()
    )


def test_successes_are_told_twice_without_harm(engine: Engine) -> None:
    held = [create_claimed_job(engine) for _ in range(2)]
    results = [(one, SEVEN) for one in held]
    assert succeed_many(engine, results) == ALL
    before = [read_job(engine, one.job_id) for one in held]
    assert succeed_many(engine, results) == ALL
    assert [read_job(engine, one.job_id) for one in held] == before


def test_jobs_that_never_began_are_given_back_uncounted(engine: Engine) -> None:
    held = hold([create_job(engine).id for _ in range(3)])
    claim_all(engine, held)
    assert unclaim(engine, held)
    for one in held:
        row = read_job(engine, one.job_id)
        assert (row.state, row.attempts, row.lease_expires_at) == ("PENDING", 0, None)
        assert row.rung_at is not None
    again = hold([one.job_id for one in held])
    assert claim_all(engine, again) == ["claimed"] * 3


def test_job_that_was_ordered_to_stop_is_not_given_back(engine: Engine) -> None:
    held = hold([create_job(engine, cancel_requested_at=now()).id, create_job(engine).id])
    claim_all(engine, held)
    assert not unclaim(engine, held)
    assert [read_job(engine, one.job_id).state for one in held] == ["STARTED", "PENDING"]


def test_job_that_never_began_has_no_beginning_when_it_is_given_back(engine: Engine) -> None:
    fresh, tried = create_job(engine), create_claimed_job(engine)
    release(engine, tried, "stop")
    began_at = read_job(engine, tried.job_id).started_at
    held = hold([fresh.id, tried.job_id])
    claim_all(engine, held)
    assert unclaim(engine, held)
    assert read_job(engine, fresh.id).started_at is None
    assert read_job(engine, tried.job_id).started_at >= began_at


@pytest.fixture
def impatient(mariadb_engine: Engine) -> Iterator[Engine]:
    """An engine whose statements wait a second for a locked row."""
    url = mariadb_engine.url.render_as_string(hide_password=False)
    engine = make_engine(url, pool_size=2, lock_wait_seconds=1)
    yield engine
    engine.dispose()


@contextmanager
def locked(engine: Engine, job_id: str) -> Iterator[None]:
    """Somebody's transaction is at the row."""
    with engine.connect() as connection:
        connection.exec_driver_sql("BEGIN")
        connection.execute(select(jobs.c.id).where(jobs.c.id == job_id).with_for_update())
        yield
        connection.exec_driver_sql("ROLLBACK")


def test_locked_row_keeps_no_other_job_from_being_claimed(
    mariadb_engine: Engine, impatient: Engine
) -> None:
    held = hold([create_job(mariadb_engine).id for _ in range(3)])
    with locked(mariadb_engine, held[1].job_id):
        assert claim_all(impatient, held) == ["claimed", "locked", "claimed"]


def test_locked_row_keeps_no_other_success_from_being_recorded(
    mariadb_engine: Engine, impatient: Engine
) -> None:
    held = [create_claimed_job(mariadb_engine) for _ in range(3)]
    with locked(mariadb_engine, held[1].job_id):
        found = succeed_many(impatient, [(one, SEVEN) for one in held])
    assert found == Recorded(lost=set(), locked={held[1].job_id})
    states = [read_job(mariadb_engine, one.job_id).state for one in held]
    assert states == ["SUCCESS", "STARTED", "SUCCESS"]


def test_locked_row_keeps_no_other_lease_from_being_renewed(
    mariadb_engine: Engine, impatient: Engine
) -> None:
    held = [create_claimed_job(mariadb_engine) for _ in range(3)]
    before = [read_job(mariadb_engine, one.job_id).lease_expires_at for one in held]
    with locked(mariadb_engine, held[1].job_id):
        extend(impatient, "worker-1", [one.job_id for one in held], 400.0)
    after = [read_job(mariadb_engine, one.job_id).lease_expires_at for one in held]
    is_renewed = [new > old for old, new in zip(before, after, strict=True)]
    assert is_renewed == [True, False, True]
