"""The two tasks of the bench: one that is over at once, one that waits."""

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


ADD = TaskContract(name="bench.add", parameters=Add, description="Add two numbers.")
SLEEP = TaskContract(name="bench.sleep", parameters=Sleep, description="Wait a while.")
