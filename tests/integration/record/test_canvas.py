"""What follows a job is written with its outcome, and a chord's results are handed out once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, Engine, Table

from chalicelib.db.clock import now, seconds_from_now
from chalicelib.db.engine import connect, in_transaction
from chalicelib.db.tables import chords, jobs
from chalicelib.domain.jobs import HELD
from chalicelib.services.canvas import Chord, ChordBroken, Sent, replace, write_sent
from chalicelib.services.chords import add_part, clean, count_part
from chalicelib.services.claims import ClaimAnswer, claim
from chalicelib.services.job_lifecycle import succeed
from chalicelib.services.outcomes import Fault
from tests.factories.jobs import create_claimed_job, new_claim, read_job, set_job
from tests.factories.rows import read_rows

pytestmark = pytest.mark.usefixtures("sqs")


def values(**changes: Any) -> dict[str, Any]:
    return {
        "project_id": "demo",
        "task": "plain.add",
        "queue": "default",
        "parameters": {},
        "message": {"args": [1], "embed": {}, "headers": {}},
        "max_attempts": 3,
        "run_at": now(),
        "parent_id": None,
        **changes,
    }


def write(engine: Engine, sent: Sent) -> list[str]:
    bells = in_transaction(engine, lambda connection: write_sent(connection, sent))
    return [bell.job_id for bell in bells]


def begin_chord(engine: Engine, count: int, **fields: Any) -> list[Any]:
    """A chord and the claims of its parts, which run."""
    embed = {"chord": {"task": "plain.total", "options": {"task_id": "body-1"}}}
    message = {"args": [], "embed": embed, "headers": {"group": "group-1"}}
    held = [create_claimed_job(engine, message=message, **fields) for _ in range(count)]
    write(engine, Sent(chords=[Chord(id="group-1", parts=[one.job_id for one in held])]))
    return held


def list_chords(engine: Engine) -> list[Any]:
    return list_rows(engine, chords)


def list_rows(engine: Engine, table: Table, **wanted: Any) -> list[Any]:
    return list(read_rows(engine, table, **wanted))


def set_created(engine: Engine, chord_id: str, days: float) -> None:
    with connect(engine) as connection:
        old = {"created_at": seconds_from_now(-86_400 * days)}
        connection.execute(chords.update().where(chords.c.id == chord_id).values(old))


def test_job_that_is_sent_has_its_row_and_a_bell(engine: Engine) -> None:
    assert write(engine, Sent(jobs={"child-1": values(parent_id="mother")})) == ["child-1"]
    row = read_job(engine, "child-1")
    assert (row.state, row.parent_id, row.attempts) == ("PENDING", "mother", 0)
    assert row.rung_at is not None


def test_job_that_is_sent_for_later_rests_in_its_row(engine: Engine) -> None:
    assert write(engine, Sent(jobs={"child-1": values(run_at=seconds_from_now(5000))})) == []
    assert read_job(engine, "child-1").rung_at is None


def test_what_follows_is_written_with_the_success_or_not_at_all(engine: Engine) -> None:
    held = create_claimed_job(engine)

    def write_and_fail(connection: Connection) -> None:
        write_sent(connection, Sent(jobs={"child-1": values()}))
        raise RuntimeError("killed before the commit")

    with pytest.raises(RuntimeError):
        succeed(engine, held, None, [write_and_fail])
    assert read_job(engine, held.job_id).state == "STARTED"
    with pytest.raises(ValueError, match="unpack"):
        read_job(engine, "child-1")


def test_sent_twice_under_one_id_is_one_job(engine: Engine) -> None:
    write(engine, Sent(jobs={"child-1": values()}))
    set_job(engine, "child-1", state="SUCCESS")
    assert write(engine, Sent(jobs={"child-1": values(task="other")})) == []
    assert read_job(engine, "child-1").task == "plain.add"


def test_last_part_alone_gets_the_results_of_all_in_order(engine: Engine) -> None:
    held = begin_chord(engine, 3)
    results = []
    for number in (2, 0, 1):
        raw = msgspec.Raw(str(number).encode())
        succeed(
            engine,
            held[number],
            raw,
            [lambda connection: results.append(count_part(connection, "group-1"))],
        )
    assert results == [None, None, ["0", "1", "2"]]
    assert list_chords(engine) == []


def test_parts_that_end_together_hand_the_results_out_once(engine: Engine) -> None:
    held = begin_chord(engine, 8)

    def end(one: Any) -> Any:
        found: list[Any] = []

        def count(connection: Connection) -> None:
            found[:] = [count_part(connection, "group-1")]

        assert succeed(engine, one, msgspec.Raw(b"1"), [count])
        return found[0]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(end, held))
    assert [answer for answer in answers if answer is not None] == [["1"] * 8]


def test_part_that_succeeds_after_the_chord_was_broken_gets_nothing(engine: Engine) -> None:
    held = begin_chord(engine, 2)
    write(engine, Sent(broken=["group-1"]))
    found: list[Any] = []
    succeed(engine, held[1], None, [lambda c: found.append(count_part(c, "group-1"))])
    assert found == [None]


def test_chord_waits_for_a_part_that_was_added_and_has_its_result_last(engine: Engine) -> None:
    held = begin_chord(engine, 1)
    added = create_claimed_job(engine)
    in_transaction(engine, lambda connection: add_part(connection, "group-1", added.job_id))
    found: list[Any] = []
    for one, result in ((added, b"2"), (held[0], b"1")):
        succeed(
            engine, one, msgspec.Raw(result), [lambda c: found.append(count_part(c, "group-1"))]
        )
    assert found == [None, ["1", "2"]]
    in_transaction(engine, lambda connection: add_part(connection, "group-1", "too-late"))


def test_chord_is_broken_once_and_nothing_is_written_by_who_comes_second(engine: Engine) -> None:
    begin_chord(engine, 2)
    fault = Fault(type="ChordError", message="no", retryable=False)
    body = {name: value for name, value in values().items() if name not in {"message", "run_at"}}
    sent = Sent(broken=["group-1"], ended={"body-1": (body, fault)}, jobs={"errback": values()})
    assert write(engine, sent) == ["errback"]
    row = read_job(engine, "body-1")
    assert (row.state, row.attempts, row.error["type"]) == ("FAILURE", 0, "ChordError")
    with pytest.raises(ChordBroken):
        write(engine, Sent(broken=["group-1"], jobs={"again": values()}))
    assert list_rows(engine, jobs, id="again") == []


def test_old_chord_is_forgotten_when_no_part_of_it_is_unfinished(engine: Engine) -> None:
    begin_chord(engine, 2)
    set_created(engine, "group-1", days=31)
    assert clean(engine, 30) == 0
    for row in list_rows(engine, jobs):
        set_job(engine, row.id, state="SUCCESS")
    assert clean(engine, 32) == 0
    assert clean(engine, 30) == 1
    assert list_chords(engine) == []


def test_replaced_job_waits_in_its_row_for_the_chord_that_ends_as_it(engine: Engine) -> None:
    held = create_claimed_job(engine)
    sent = Sent(jobs={"part-1": values()}, chords=[Chord(id="group-1", parts=["part-1"])])
    bells = in_transaction(engine, lambda connection: replace(connection, held, sent))
    assert [bell.job_id for bell in bells or []] == ["part-1"]
    row = read_job(engine, held.job_id)
    assert (row.state, row.run_at, row.held_by) == ("PENDING", HELD, "canvas")
    assert claim(engine, new_claim(row.id), 40.0) is ClaimAnswer.EARLY
    assert write(engine, Sent(jobs={row.id: values(task="plain.total")})) == [row.id]
    again = read_job(engine, held.job_id)
    assert (again.task, again.held_by, again.attempts) == ("plain.total", None, 0)
    assert claim(engine, new_claim(row.id), 40.0) is ClaimAnswer.CLAIMED


def test_job_replaced_by_another_is_that_one_at_once(engine: Engine) -> None:
    held = create_claimed_job(engine)
    sent = Sent(jobs={held.job_id: values(task="plain.other")})
    bells = in_transaction(engine, lambda connection: replace(connection, held, sent))
    assert [bell.task for bell in bells or []] == ["plain.other"]
    assert read_job(engine, held.job_id).state == "PENDING"


def test_claim_that_was_lost_replaces_nothing(engine: Engine) -> None:
    held = create_claimed_job(engine)
    set_job(engine, held.job_id, claim_id="another")
    sent = Sent(jobs={"part-1": values()})
    assert in_transaction(engine, lambda connection: replace(connection, held, sent)) is None
    assert read_job(engine, held.job_id).state == "STARTED"
