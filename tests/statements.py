"""The statements that are sent to a database meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from sqlalchemy import Engine, event


class Statement(NamedTuple):
    """One statement, as the driver is given it."""

    text: str
    parameters: Any

    @property
    def verb(self) -> str:
        """Its first word."""
        return self.text.split(maxsplit=1)[0]


@contextmanager
def recorded(engine: Engine) -> Iterator[list[Statement]]:
    """What is sent meanwhile, in order."""
    sent: list[Statement] = []

    def note(_conn: Any, _cursor: Any, text: str, parameters: Any, *_: Any) -> None:
        sent.append(Statement(text, parameters))

    event.listen(engine, "before_cursor_execute", note)
    try:
        yield sent
    finally:
        event.remove(engine, "before_cursor_execute", note)


def verbs(sent: list[Statement]) -> list[str]:
    """Their first words."""
    return [statement.verb for statement in sent]
