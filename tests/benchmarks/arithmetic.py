"""Rates, spreads and ratios: what the bench makes of what it measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import TypeVar

T = TypeVar("T")

#: A rate is taken between the moments when these parts of the jobs were finished: starting up
#: and running dry are left out, for everybody.
_FROM, _TO = 0.10, 0.95


@dataclass(frozen=True)
class Spread:
    """Median, least and most of some values."""

    median: float
    least: float
    most: float

    @classmethod
    def of(cls, values: Sequence[float]) -> Spread:
        """Of at least one value."""
        return cls(median(values), min(values), max(values))


def rate_of(finished_at: Sequence[float]) -> float:
    """Jobs a second, from the moments at which jobs were finished, in order.

    Raises ValueError if there are too few to say.
    """
    first, last = int(_FROM * len(finished_at)), int(_TO * len(finished_at)) - 1
    if last - first < 5 or finished_at[last] <= finished_at[first]:
        raise ValueError(f"{len(finished_at)} jobs are too few for a rate")
    return (last - first) / (finished_at[last] - finished_at[first])


def rotate(items: Sequence[T], number: int) -> list[T]:
    """The items, begun with another one each round: nobody is always the first."""
    start = number % len(items)
    return [*items[start:], *items[:start]]


def ratios(ours: Sequence[float], theirs: Sequence[float]) -> list[float]:
    """Ours by theirs, round by round: what the machine did meanwhile met both."""
    return [one / other for one, other in zip(ours, theirs, strict=True)]
