"""What stops a deploy, and how it says what it does."""

from __future__ import annotations

import sys


class DeployError(Exception):
    """What is missing, in a sentence that says what to do."""


def say(line: str) -> None:
    """Tell the person, at once."""
    sys.stdout.write(f"-- {line}\n")
    sys.stdout.flush()
