"""What the person at the terminal sees: steps, colours, and no trace if the terminal is gone."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager

_COLOURS = {"red": "31", "green": "32", "yellow": "33", "cyan": "36", "dim": "2"}


class Screen:
    """Standard output, at once also into a pipe; silent once the terminal or pipe is closed."""

    def write(self, text: str) -> None:
        """Write what can be written."""
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except OSError:
            # Nobody reads any more. What Python still holds must not fail again at the exit.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())

    def flush(self) -> None:
        """Nothing is held back."""

    def isatty(self) -> bool:
        """Whether a person looks at it."""
        return sys.stdout.isatty()


def paint(text: str, colour: str) -> str:
    """`text` in a colour, if the terminal has colours and NO_COLOR is not set."""
    if os.environ.get("NO_COLOR") or not sys.stdout.isatty():
        return text
    return f"\033[{_COLOURS[colour]}m{text}\033[0m"


def say(text: str, *, end: str = "\n") -> None:
    """Print on the screen."""
    Screen().write(text + end)


@contextmanager
def step(doing: str) -> Iterator[None]:
    """Print what is being done, then how long it took or that it failed."""
    say(f"{doing} ... ", end="")
    began = time.monotonic()
    try:
        yield
    except BaseException:
        say(paint("not done", "red"))
        raise
    say(f"{paint('ok', 'green')} {paint(f'({time.monotonic() - began:.1f} s)', 'dim')}")
