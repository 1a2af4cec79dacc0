"""The tasks of the bench: one is over at once, one waits, one tells when it began."""

from __future__ import annotations

import msgspec

from chalicelib.broker.contracts import TaskContract


class Add(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parameters of bench.add."""

    a: int
    b: int


class Sleep(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parameters of bench.sleep."""

    seconds: float


class Clock(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Parameters of bench.clock: none."""


ADD = TaskContract(name="bench.add", parameters=Add, description="Add two numbers.")
SLEEP = TaskContract(name="bench.sleep", parameters=Sleep, description="Wait a while.")
CLOCK = TaskContract(name="bench.clock", parameters=Clock, description="Tell the time.")
