"""A desk between an event loop and a pool that do what the test says."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.fakes.hub import FakeHub
from tests.fakes.requests import FakePool, FakeRequest
from worker.desk import Desk
from worker.loop import LoopCalls


class Bench:
    """A desk whose event loop and pool do what the test says."""

    def __init__(self, slots: int, ahead: int) -> None:
        self.hub = FakeHub()
        self.desk = Desk(FakePool(slots), LoopCalls(self.hub), lambda: ahead)

    def take(self, *job_ids: str) -> list[FakeRequest]:
        requests = [FakeRequest(one) for one in job_ids]
        for request in requests:
            self.desk.take(request)  # type: ignore[arg-type]
        return requests

    def wait_until(self, is_so: Callable[[], bool]) -> None:
        """Let the event loop run until it is so."""
        deadline = time.monotonic() + 20
        while not is_so():
            assert time.monotonic() < deadline, "it never came to that"
            self.hub.run()
            time.sleep(0.002)

    def settle(self, *requests: FakeRequest) -> None:
        """Let the event loop run until each request has a story."""
        self.wait_until(lambda: all(request.story for request in requests))


#: Makes one: slots of the pool, and how many jobs are claimed ahead.
MakeBench = Callable[..., Bench]
