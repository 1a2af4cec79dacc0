"""The tasks: one file a noun, found by being in this package."""

from __future__ import annotations

import pkgutil


def task_modules() -> list[str]:
    """Names of the modules with tasks, for Celery's `include`."""
    return [f"{__name__}.{found.name}" for found in pkgutil.iter_modules(__path__)]
