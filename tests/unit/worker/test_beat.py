"""The beat keeps what a worker holds, whatever else it has to wait for."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import pytest

from chalicelib.services import dispatcher, leases, workers
from chalicelib.settings import Settings
from worker import beat, process


def test_leases_are_kept_while_sqs_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(
        database_url="sqlite:///unused",
        sqs_queue_url="http://127.0.0.1:1/{queue}",
        beat_seconds=0.01,
        lease_seconds=1.0,
    )
    extended, answers = threading.Semaphore(0), threading.Event()
    monkeypatch.setattr(beat, "get_settings", lambda: settings)
    monkeypatch.setattr(process, "engine", lambda: None)
    monkeypatch.setattr(beat.Leaver, "listen", lambda self: None)
    monkeypatch.setattr(leases, "extend", lambda *_: extended.release())
    monkeypatch.setattr(leases, "read_orders", lambda *_: [])
    monkeypatch.setattr(workers, "heartbeat", lambda *_: None)
    monkeypatch.setattr(workers, "deregister", lambda *_: None)
    monkeypatch.setattr(dispatcher, "keep_house", lambda *_, **__: None)
    monkeypatch.setattr(dispatcher, "dispatch_due", lambda _, **__: answers.wait(30))
    app = SimpleNamespace(amqp=SimpleNamespace(queues=SimpleNamespace(consume_from=[])))
    beating = beat.Beat(SimpleNamespace(app=app, concurrency=1, pool=None))
    beating.start()
    try:
        for _ in range(5):
            assert extended.acquire(timeout=10)
    finally:
        answers.set()
        beating.stop()
