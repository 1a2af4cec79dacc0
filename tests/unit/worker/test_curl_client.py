"""The timers that curl asks for: they come in milliseconds, and none stays."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from kombu.asynchronous import Hub

from worker.receiving import CurlClient


@pytest.fixture
def client() -> Iterator[CurlClient]:
    hub = Hub()
    made = CurlClient(hub)
    yield made
    made.close()
    hub.close()


@pytest.mark.parametrize(
    ("milliseconds", "timers"), [(-1, 0), (0, 1), (5, 1), (999, 1), (1000, 0), (30_000, 0)]
)
def test_what_is_due_in_a_second_has_a_timer(
    client: CurlClient, milliseconds: int, timers: int
) -> None:
    before = len(client.hub.timer._queue)
    client._set_timeout(milliseconds)
    assert len(client.hub.timer._queue) == before + timers


def test_timer_is_due_after_so_many_milliseconds(client: CurlClient) -> None:
    asked: list[float] = []
    client.hub.call_later = lambda seconds, _: asked.append(seconds)
    client._set_timeout(250)
    assert asked == [0.25]


def test_what_is_due_later_is_found_by_the_look_of_each_second(client: CurlClient) -> None:
    timers = [timer.entry for timer in client.hub.timer._queue if not timer.entry.canceled]
    assert client._timeout_check_tref in timers
