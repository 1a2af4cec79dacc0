"""Bodies that nest too deep to be handed to a pool process."""

from __future__ import annotations

from typing import Any

import pytest
from celery.exceptions import InvalidTaskError

from worker.screening import require_sound

HEADERS = {"task": "t", "id": "1"}


def nested(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


@pytest.mark.parametrize("levels", [150, 600, 800])
def test_deep_nesting_is_refused_before_a_slot_is_taken(levels: int) -> None:
    with pytest.raises(InvalidTaskError, match="nested deeper than 100"):
        require_sound(HEADERS, ([], {"x": nested(levels)}, None))


def test_reasonable_nesting_is_accepted() -> None:
    require_sound(HEADERS, ([], {"x": nested(50), "y": {"a": {"b": [1, "two"]}}}, None))


def test_id_with_a_line_break_is_refused() -> None:
    with pytest.raises(InvalidTaskError, match="id"):
        require_sound({"task": "t", "id": "newline\n"}, ([], {}, None))
