"""What a worker tells SQS goes out ten at a time, soon, and in spite of failures."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.told_sqs import ToldSqs
from worker import outbox as outbox_module
from worker.outbox import Outbox

URL = "http://127.0.0.1:9/123456789012/bp-default"


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> ToldSqs:
    told = ToldSqs()
    monkeypatch.setattr(outbox_module, "get_sender", lambda: told)
    return told


@pytest.fixture
def outbox(sqs: ToldSqs) -> Iterator[Outbox]:
    made = Outbox()
    yield made
    made.close(5)


def _wait_for(sqs: ToldSqs, calls: int) -> None:
    deadline = time.monotonic() + 5
    while len(sqs.calls) < calls and time.monotonic() < deadline:
        time.sleep(0.005)


def test_ten_deletes_go_out_at_once_and_the_rest_within_a_tenth_of_a_second(
    outbox: Outbox, sqs: ToldSqs
) -> None:
    began = time.monotonic()
    for number in range(23):
        outbox.delete(URL, "default", f"r{number}")
    _wait_for(sqs, 3)
    assert time.monotonic() - began < 1
    batches = sqs.handles("delete_message_batch")
    assert [len(batch) for batch in batches] == [10, 10, 3]
    assert [handle for batch in batches for handle in batch] == [f"r{n}" for n in range(23)]


def test_lone_delete_waits_a_tenth_of_a_second_for_others(outbox: Outbox, sqs: ToldSqs) -> None:
    began = time.monotonic()
    outbox.delete(URL, "default", "r")
    _wait_for(sqs, 1)
    assert 0.08 < time.monotonic() - began < 1


def test_thread_wakes_for_the_first_order_and_then_for_batches(sqs: ToldSqs) -> None:
    class Counted(Outbox):
        woken = 0

        def _take(self, due: float | None) -> Any:
            taken = super()._take(due)
            self.woken += 1
            return taken

    outbox = Counted()
    for number in range(41):
        outbox.delete(URL, "default", f"r{number}")
        time.sleep(0.0005)
    _wait_for(sqs, 5)
    outbox.close(5)
    assert [len(batch) for batch in sqs.handles("delete_message_batch")] == [10, 10, 10, 10, 1]
    assert outbox.woken <= 8


def test_each_kind_and_queue_has_its_own_batch(outbox: Outbox, sqs: ToldSqs) -> None:
    outbox.delete(URL, "default", "a")
    outbox.delete(URL.replace("default", "network"), "network", "b")
    outbox.put_back(URL, "default", ["c", "d"], 0)
    _wait_for(sqs, 3)
    assert sqs.handles("delete_message_batch") == [["a"], ["b"]]
    [(_, told)] = [call for call in sqs.calls if call[0] == "change_message_visibility_batch"]
    assert [entry["VisibilityTimeout"] for entry in told["Entries"]] == [0, 0]


def test_batch_that_fails_is_told_again_and_later_ones_go_out_too(
    outbox: Outbox, sqs: ToldSqs
) -> None:
    sqs.fail_next(2)
    outbox.delete(URL, "default", "a")
    _wait_for(sqs, 1)
    outbox.delete(URL, "default", "b")
    _wait_for(sqs, 2)
    assert sqs.handles("delete_message_batch") == [["a"], ["b"]]


def test_batch_that_always_fails_is_given_up_and_later_ones_go_out(
    outbox: Outbox, sqs: ToldSqs, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "_TRIES", 2)
    sqs.fail_next(2)
    outbox.delete(URL, "default", "a")
    time.sleep(0.3)
    outbox.delete(URL, "default", "b")
    _wait_for(sqs, 1)
    assert sqs.handles("delete_message_batch") == [["b"]]


def test_entry_that_sqs_could_not_do_is_told_again_alone(outbox: Outbox, sqs: ToldSqs) -> None:
    sqs.refuse_entry("1", is_sender_fault=False)
    for handle in "abc":
        outbox.delete(URL, "default", handle)
    _wait_for(sqs, 2)
    assert sqs.handles("delete_message_batch") == [["a", "b", "c"], ["b"]]


def test_entry_that_sqs_refuses_is_not_told_again(outbox: Outbox, sqs: ToldSqs) -> None:
    sqs.refuse_entry("0", is_sender_fault=True)
    outbox.delete(URL, "default", "stale")
    _wait_for(sqs, 1)
    outbox.close(5)
    assert sqs.handles("delete_message_batch") == [["stale"]]


def test_close_sends_what_was_collected(outbox: Outbox, sqs: ToldSqs) -> None:
    outbox.delete(URL, "default", "a")
    outbox.put_back(URL, "default", ["b"], 2)
    outbox.close(5)
    assert len(sqs.calls) == 2


def test_outbox_that_was_closed_still_tells_what_comes_later(outbox: Outbox, sqs: ToldSqs) -> None:
    outbox.delete(URL, "default", "a")
    outbox.close(5)
    outbox.delete(URL, "default", "b")
    _wait_for(sqs, 2)
    assert sqs.handles("delete_message_batch") == [["a"], ["b"]]


def test_buried_message_is_copied_with_its_reason_before_it_is_deleted(
    outbox: Outbox, sqs: ToldSqs
) -> None:
    message = {"ReceiptHandle": "r", "Body": "", "MessageId": "m"}
    outbox.bury(URL, "default", message, "it is ä mess" + "x" * 5_000)
    _wait_for(sqs, 2)
    (sent, copy), (deleted, original) = sqs.calls
    assert (sent, deleted) == ("send_message", "delete_message")
    assert copy["QueueUrl"].endswith("bp-default-dead")
    assert copy["MessageBody"] == " "
    reason = copy["MessageAttributes"]["bellpull.reason"]["StringValue"]
    assert reason.startswith("it is \\xe4 mess")
    assert len(reason) < 1_000
    assert original == {"QueueUrl": URL, "ReceiptHandle": "r"}


def test_what_is_told_while_it_closes_goes_out_and_is_not_waited_for_in_vain(
    outbox: Outbox, sqs: ToldSqs, monkeypatch: pytest.MonkeyPatch
) -> None:
    is_sending, may_send = threading.Event(), threading.Event()
    send = outbox._send

    def slow_send(*args: Any) -> None:
        is_sending.set()
        may_send.wait(5)
        send(*args)

    monkeypatch.setattr(outbox, "_send", slow_send)
    outbox.delete(URL, "default", "a")
    closing = threading.Thread(target=outbox.close, args=(5,))
    closing.start()
    assert is_sending.wait(5)
    outbox.delete(URL, "default", "b")
    may_send.set()
    began = time.monotonic()
    closing.join()
    assert time.monotonic() - began < 2
    assert sqs.handles("delete_message_batch") == [["a"], ["b"]]
