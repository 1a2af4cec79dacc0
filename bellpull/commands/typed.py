"""Numbers as they are typed, refused where they cannot be meant."""

from __future__ import annotations

import argparse
import math


def read_count(text: str) -> int:
    """A number from 1. Raises argparse.ArgumentTypeError."""
    if text.isascii() and text.isdigit() and int(text) > 0:
        return int(text)
    raise argparse.ArgumentTypeError(f"expected a number from 1, not {text}")


def read_seconds(text: str) -> float:
    """A number of seconds from 0. Raises argparse.ArgumentTypeError."""
    try:
        seconds = float(text)
    except ValueError:
        seconds = math.nan
    if math.isfinite(seconds) and seconds >= 0:
        return seconds
    raise argparse.ArgumentTypeError(f"expected a number of seconds from 0, not {text}")
