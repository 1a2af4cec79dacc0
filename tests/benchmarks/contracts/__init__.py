"""Contracts of the benchmark's tasks, put beside the project's own by `add_contracts`."""

from __future__ import annotations

from chalicelib.broker import contracts


def add_contracts() -> None:
    """Let `all_contracts` find the benchmark's, in this process."""
    for folder in __path__:
        if folder not in contracts.__path__:
            contracts.__path__.append(folder)
    contracts.all_contracts.cache_clear()
