"""Leaving at once, whatever the main thread is at when the signal comes."""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from types import SimpleNamespace
from typing import Any

import pytest

from tests.fakes.hub import FakeHub
from tests.fakes.requests import FakePool
from worker import leaving
from worker.desk import Desk
from worker.leaving import Leaver
from worker.loop import LoopCalls
from worker.outbox import Outbox


@contextmanager
def _logging(desk: Desk, outbox: Outbox) -> Iterator[None]:
    handler = logging.StreamHandler(open(os.devnull, "w"))  # noqa: SIM115, PTH123
    logging.getLogger().addHandler(handler)
    handler.acquire()
    try:
        yield
    finally:
        handler.release()
        logging.getLogger().removeHandler(handler)
        handler.stream.close()


def _handing_over(desk: Desk, outbox: Outbox) -> AbstractContextManager[Any]:
    return desk._changed


def _telling_sqs(desk: Desk, outbox: Outbox) -> AbstractContextManager[Any]:
    return outbox._lock


@pytest.mark.parametrize(
    "work", [_handing_over, _logging, _telling_sqs, lambda desk, outbox: nullcontext()]
)
def test_worker_that_is_to_end_at_once_waits_for_no_lock_that_it_holds(
    monkeypatch: pytest.MonkeyPatch, work: Any
) -> None:
    ended: list[int] = []
    monkeypatch.setattr(leaving.os, "_exit", ended.append)
    monkeypatch.setattr(leaving.logging, "shutdown", lambda: None)
    monkeypatch.setattr(leaving.process, "is_leaving", SimpleNamespace(set=lambda: None))
    monkeypatch.setattr(leaving.process, "engine", lambda: None)
    monkeypatch.setattr(leaving.workers, "deregister", lambda *_: None)
    desk, outbox = Desk(FakePool(2), LoopCalls(FakeHub()), lambda: 0), Outbox()
    channel = SimpleNamespace(
        outbox=outbox,
        give_back=lambda _: outbox.put_back("http://127.0.0.1:9/q", "q", ["r"], 0),
    )
    monkeypatch.setattr(outbox, "_send", lambda *_: None)
    monkeypatch.setattr(leaving.process, "find_desk", lambda _: desk)
    monkeypatch.setattr(leaving.process, "find_channel", lambda _: channel)
    leaver = Leaver(SimpleNamespace(pool=None), 30)
    began = time.monotonic()
    with work(desk, outbox):
        leaver._on_shutting_down(how="Cold")
        assert ended == [0]
    assert time.monotonic() - began < leaving._HURRY_SECONDS / 2
    leaver._timer.cancel()
