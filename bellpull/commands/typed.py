"""Numbers and pairs as they are typed, refused where they cannot be meant."""

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


def read_pair(text: str) -> tuple[str, str]:
    """NAME=VALUE; the value may be empty. Raises argparse.ArgumentTypeError."""
    name, equals, value = text.partition("=")
    if name and equals:
        return name, value
    raise argparse.ArgumentTypeError(f"expected NAME=VALUE, not {text}")
