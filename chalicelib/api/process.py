"""What a process of the API does once, at the first event that it is given."""

from __future__ import annotations

from functools import lru_cache

from chalicelib.logs import configure_logging
from chalicelib.settings import get_settings


@lru_cache(maxsize=1)
def prepare_process() -> None:
    """Configure logging; not at import, which must not read the environment.

    Raises:
        SettingsError: a setting is missing or wrong; the next event tries again.
    """
    configure_logging(get_settings())
