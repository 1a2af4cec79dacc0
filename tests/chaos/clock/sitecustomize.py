"""Sets the clock of a Python process wrong by CHAOS_CLOCK_SECONDS, before anything reads it.

Covered: `time.time`, `time.time_ns`, and `now`, `utcnow` and `today` of datetime and date,
in the process and in every Python process that it starts. Not covered: monotonic clocks,
which a wrong clock leaves alone anyway, and C code that asks the system by itself
(`time.localtime()` without an argument, libcurl, TLS). msgspec cannot decode into a class
that took over datetime's name: no parameter of a chaos job is a datetime.
"""

from __future__ import annotations

import copyreg
import datetime as dt
import os
import time
from functools import partial
from typing import Any, TypeAlias

RealDate: TypeAlias = dt.date
RealDateTime: TypeAlias = dt.datetime
_real_time, _real_time_ns = time.time, time.time_ns


class _AlsoReal(type):
    """Values that C code makes are instances too."""

    def __instancecheck__(cls, value: object) -> bool:
        return isinstance(value, cls.__mro__[1])

    def __subclasscheck__(cls, other: type) -> bool:
        return issubclass(other, cls.__mro__[1])


def _set_wrong(seconds: float) -> None:
    shift = dt.timedelta(seconds=seconds)

    class WrongDateTime(RealDateTime, metaclass=_AlsoReal):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return RealDateTime.now(tz) + shift

        @classmethod
        def utcnow(cls) -> Any:
            return RealDateTime.now(dt.UTC).replace(tzinfo=None) + shift

        @classmethod
        def today(cls) -> Any:
            return cls.now()

    class WrongDate(RealDate, metaclass=_AlsoReal):
        @classmethod
        def today(cls) -> Any:
            return WrongDateTime.now().date()

    # Values of the real classes are pickled as the classes that took over their names.
    for real, wrong in ((RealDate, WrongDate), (RealDateTime, WrongDateTime)):
        wrong.__module__, wrong.__qualname__ = "datetime", real.__qualname__
        copyreg.pickle(real, partial(_reduce, wrong))
    time.time = lambda: _real_time() + seconds
    time.time_ns = lambda: _real_time_ns() + int(seconds * 1e9)
    dt.datetime = WrongDateTime  # type: ignore[misc]
    dt.date = WrongDate  # type: ignore[misc]


def _reduce(wrong: type, value: Any) -> tuple[type, Any]:
    return wrong, value.__reduce__()[1]


if _seconds := float(os.environ.get("CHAOS_CLOCK_SECONDS", "0")):
    _set_wrong(_seconds)
