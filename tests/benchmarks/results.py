"""What was measured so far, and telling it while it is measured."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from tests.benchmarks.arithmetic import Spread
from tests.benchmarks.goals import GOALS


@dataclass
class Results:
    """Figures by key, with their spread, and everything that they were made of."""

    figures: dict[str, float | bool] = field(default_factory=dict)
    spreads: dict[str, Spread] = field(default_factory=dict)
    raw: dict[str, Any] = field(default_factory=dict)
    #: Stages that failed, and why: their figures are missing.
    failures: dict[str, str] = field(default_factory=dict)
    began: float = field(default_factory=time.monotonic)

    def add(self, key: str, values: Sequence[float]) -> None:
        """A figure of the table: the median of its values."""
        spread = self.spreads[key] = Spread.of(values)
        self.set(key, spread.median)

    def set(self, key: str, value: float | bool) -> None:
        """A figure of the table that has no spread."""
        goal = next(goal for goal in GOALS if goal.key == key)
        self.figures[key] = value if isinstance(value, bool) else round(value, 4)
        verdict = "reached" if goal.is_reached(value) else "MISSED"
        shown = str(value).lower() if isinstance(value, bool) else f"{value:.3g}"
        self.tell(f"{key} = {shown}, goal {goal.describe()}: {verdict}")

    def keep(self, key: str, values: Sequence[float], unit: str) -> None:
        """Values that a figure was made of, or that explain one."""
        spread = Spread.of(values)
        self.raw[key] = {
            "median": spread.median,
            "min": spread.least,
            "max": spread.most,
            "values": list(values),
            "unit": unit,
        }

    def tell(self, words: str) -> None:
        """A line on the terminal."""
        sys.stdout.write(f"[{time.monotonic() - self.began:5.0f} s] {words}\n")
        sys.stdout.flush()
