"""Celery's canvas: chains, groups, chords, links, replacements, each step a job with a row."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery, chain, chord, group, signature
from celery.exceptions import ChordError
from celery.result import GroupResult
from sqlalchemy import select

from chalicelib.db.engine import connect
from chalicelib.db.tables import chords
from tests.e2e.fleet import Fleet
from tests.e2e.worker_process import wait_until


@pytest.fixture
def client(fleet: Fleet) -> Iterator[Celery]:
    """A Celery client with our result backend and without our tasks."""
    client = fleet.foreign_app(result_backend="worker.result_backend:JobsBackend")
    with fleet.activated():
        yield client


def sign(client: Celery, name: str, *args: Any, **options: Any) -> Any:
    return signature(f"plain.{name}", args=args, app=client, **options)


def test_chain_hands_each_result_on(client: Celery, fleet: Fleet) -> None:
    sent = chain(sign(client, "add", 1, 2), sign(client, "add", 10), sign(client, "add", 100))()
    assert sent.get(timeout=20) == 113
    ids = [sent.id, sent.parent.id, sent.parent.parent.id]
    rows = [fleet.wait_for_state(job_id, "SUCCESS") for job_id in ids]
    assert [row.result for row in rows] == [113, 13, 3]
    assert [row.parent_id for row in rows] == [ids[1], ids[2], None]


def test_group_runs_all_its_parts(client: Celery, fleet: Fleet) -> None:
    sent = group(sign(client, "add", n, n) for n in range(5))()
    assert sent.get(timeout=20) == [0, 2, 4, 6, 8]


def test_chord_calls_its_body_once_with_all_results_in_order(client: Celery, fleet: Fleet) -> None:
    sent = chord(group(sign(client, "add", n, n) for n in range(12)))(sign(client, "total"))
    assert sent.get(timeout=30) == sum(2 * n for n in range(12))
    assert fleet.notes(sent.id) == ["total"]
    with connect(fleet.engine) as connection:
        assert connection.execute(select(chords)).all() == []


def test_part_that_a_part_adds_is_waited_for_too(client: Celery, fleet: Fleet) -> None:
    sent = chord(group(sign(client, "add", 1, 1), sign(client, "join", 3)))(sign(client, "total"))
    assert sent.get(timeout=30) == 2 + 3 + 103
    assert fleet.notes(sent.id) == ["total"]


def test_chord_of_chains_within_a_chain(client: Celery, fleet: Fleet) -> None:
    header = group(chain(sign(client, "add", n, 1), sign(client, "add", 1)) for n in range(3))
    sent = chain(header, sign(client, "total"), sign(client, "add", 1000))()
    assert sent.get(timeout=30) == 1000 + sum(n + 2 for n in range(3))


def test_chord_whose_part_fails_fails_its_body(client: Celery, fleet: Fleet) -> None:
    parts = [sign(client, "add", 1, 1), sign(client, "fail"), sign(client, "add", 2, 2)]
    sent = chord(group(parts))(sign(client, "total"))
    with pytest.raises(ChordError, match="on purpose"):
        fleet.read_result(sent.id).get(timeout=30)  # without its parts, which would raise theirs
    assert fleet.job(sent.id).state == "FAILURE"
    assert fleet.notes(sent.id) == []


def test_chain_whose_step_fails_ends_as_failure_to_its_last_step(
    client: Celery, fleet: Fleet
) -> None:
    sent = chain(sign(client, "add", 1, 2), sign(client, "fail"), sign(client, "add", 5))()
    with pytest.raises(KeyError, match="on purpose"):
        sent.get(timeout=20)  # the step before it tells the client, so its row may be yet to come
    wait_until(lambda: fleet.find_job(sent.id) is not None, 20)
    assert fleet.job(sent.id).state == "FAILURE"


def test_link_runs_after_success_and_link_error_after_failure(client: Celery, fleet: Fleet) -> None:
    linked = sign(client, "add_noted", 5).set(task_id="linked-1")
    sign(client, "add", 1, 1).apply_async(link=linked)
    assert fleet.wait_for_state("linked-1", "SUCCESS").result == 7
    failed = sign(client, "fail").apply_async(link_error=sign(client, "errback"))
    fleet.wait_for_note(failed.id, "errback heard")


def test_map_and_starmap_are_one_job_and_chunks_a_job_each(client: Celery, fleet: Fleet) -> None:
    @client.task(name="plain.add")
    def add(x: int, y: int) -> int: ...

    assert add.map([3, 4]).delay().get(timeout=20) == [3, 4]
    assert add.starmap([(1, 1), (2, 2)]).delay().get(timeout=20) == [2, 4]
    sent = add.chunks([(n, n) for n in range(5)], 2).apply_async()
    assert sent.get(timeout=20) == [[0, 2], [4, 6], [8]]
    assert {fleet.job(each.id).task for each in sent.results} == {"celery.starmap"}


def test_saved_group_is_restored_until_it_is_deleted(client: Celery, fleet: Fleet) -> None:
    sent = group(sign(client, "add", n, n) for n in range(3))()
    sent.save()
    sent.save()
    found = GroupResult.restore(sent.id, app=client)
    assert found.get(timeout=20) == [0, 2, 4]
    assert [each.id for each in found.results] == [each.id for each in sent.results]
    found.delete()
    assert GroupResult.restore(sent.id, app=client) is None


@pytest.mark.parametrize(("what", "result"), [("task", 11), ("group", [1, 2, 3])])
def test_replaced_job_goes_on_in_its_own_row(
    client: Celery, fleet: Fleet, what: str, result: Any
) -> None:
    sent = sign(client, "become", what).apply_async()
    assert sent.get(timeout=30) == result
    assert fleet.job(sent.id).state == "SUCCESS"


def test_replaced_step_of_a_chain_hands_on_what_replaced_it(client: Celery, fleet: Fleet) -> None:
    sent = chain(sign(client, "become", "task"), sign(client, "add", 100))()
    assert sent.get(timeout=30) == 111


def test_job_sent_by_a_task_has_its_row_at_once(client: Celery, fleet: Fleet) -> None:
    sent = sign(client, "spawn", 1).apply_async()
    child_id = sent.get(timeout=20)
    child = fleet.wait_for_state(child_id, "SUCCESS")
    assert (child.result, child.parent_id, child.project_id) == (6, sent.id, "default")


def test_canvas_leaves_no_message_behind(client: Celery, fleet: Fleet) -> None:
    sent = [chain(sign(client, "add_noted", n), sign(client, "add_noted", 1))() for n in range(10)]
    assert [each.get(timeout=30) for each in sent] == [n + 2 for n in range(10)]
    for each in sent:
        wait_until(lambda each=each: len(fleet.notes(each.id)) == 1, 10)  # type: ignore[misc]
    fleet.wait_until_queues_empty()
