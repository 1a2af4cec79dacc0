"""Ringing: how many calls it takes, and which bells it says were not rung."""

from __future__ import annotations

import pytest

from chalicelib.broker.bell import ring
from chalicelib.broker.message import Bell
from tests.fakes.sqs import FakeSqs


def make_bells(count: int, queue: str = "default", text: str = "") -> list[Bell]:
    return [
        Bell(
            job_id=f"{queue}-{number}",
            task="test.echo",
            queue=queue,
            project_id=f"project-{number % 3}",
            parameters={"text": text},
        )
        for number in range(count)
    ]


def test_nothing_to_ring_takes_no_call(sqs: FakeSqs) -> None:
    assert ring([]) == []
    assert sqs.calls == []


def test_one_bell_is_one_send(sqs: FakeSqs) -> None:
    assert ring(make_bells(1)) == []
    assert sqs.calls == [0]
    assert sqs.job_ids() == ["default-0"]


@pytest.mark.parametrize(
    ("count", "calls"), [(2, [2]), (10, [10]), (11, [10, 1]), (25, [10, 10, 5])]
)
def test_bells_go_ten_to_a_call(sqs: FakeSqs, count: int, calls: list[int]) -> None:
    assert ring(make_bells(count)) == []
    assert sqs.calls == calls
    assert len(set(sqs.job_ids())) == count


def test_each_queue_gets_its_own_calls(sqs: FakeSqs) -> None:
    bells = make_bells(3) + make_bells(2, "network")
    assert ring([bells[0], bells[3], bells[1], bells[4], bells[2]]) == []
    assert sqs.calls == [3, 2]
    assert [message.queue for message in sqs.sent] == ["default"] * 3 + ["network"] * 2
    assert all(message.job_id.startswith(message.queue) for message in sqs.sent)


def test_no_call_carries_more_than_sqs_takes(sqs: FakeSqs) -> None:
    # Escaped twice, so that each bell has about 190 KB.
    assert ring(make_bells(10, text='"' * 23_000)) == []
    sizes = [len(message.body.encode()) for message in sqs.sent]
    assert len(sizes) == 10
    at = 0
    for call in sqs.calls:
        assert sum(sizes[at : at + call]) <= 1_048_576
        at += call


def test_message_group_is_the_project(sqs: FakeSqs) -> None:
    ring(make_bells(3))
    assert [message.group for message in sqs.sent] == ["project-0", "project-1", "project-2"]


def test_delay_is_told_to_sqs(sqs: FakeSqs) -> None:
    (bell,) = make_bells(1)
    bells = [Bell(**{**_fields(bell), "delay_seconds": seconds}) for seconds in (0, 1, 900)]
    ring(bells)
    assert [message.delay_seconds for message in sqs.sent] == [0, 1, 900]


def _fields(bell: Bell) -> dict[str, object]:
    return {name: getattr(bell, name) for name in bell.__struct_fields__}


def test_refused_bell_alone_is_named(sqs: FakeSqs) -> None:
    sqs.refuse("default-3")
    sqs.refuse("default-12")
    assert ring(make_bells(15)) == ["default-3", "default-12"]
    assert len(sqs.sent) == 13


def test_refused_single_bell_is_named(sqs: FakeSqs) -> None:
    sqs.refuse("default-0")
    assert ring(make_bells(1)) == ["default-0"]


@pytest.mark.parametrize("count", [1, 12])
def test_without_sqs_every_bell_is_named_and_nothing_is_raised(sqs: FakeSqs, count: int) -> None:
    sqs.go_away()
    bells = make_bells(count)
    assert ring(bells) == [bell.job_id for bell in bells]
    sqs.come_back()
    assert ring(bells) == []
    assert len(sqs.sent) == count


def test_very_many_bells_are_rung_by_several_threads_and_all_accounted_for(sqs: FakeSqs) -> None:
    bells = make_bells(1005)
    sqs.refuse("default-7")
    sqs.refuse("default-1004")
    assert ring(bells) == ["default-7", "default-1004"]
    assert sorted(sqs.calls) == [5, *[10] * 100]
    assert set(sqs.job_ids()) == {bell.job_id for bell in bells} - {
        "default-7",
        "default-1004",
    }
