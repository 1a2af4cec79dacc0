"""What people see, and what scripts read: tables, details, or JSON."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

_STYLES = {
    "SUCCESS": "green",
    "ACTIVE": "green",
    "FAILURE": "red",
    "ERROR": "red",
    "REVOKED": "red",
    "STARTED": "cyan",
    "RETRY": "yellow",
}


#: Columns that would be of no use in two lines.
_NEVER_FOLDED = frozenset({"id", "name", "state", "attempts"})
_WIDTH_OF_PIPES = 500


class _Console(Console):
    def on_broken_pipe(self) -> None:
        raise BrokenPipeError  # whoever reads has seen enough: no failure, as Rich takes it for


class Output:
    """Where commands write; `is_json`: for scripts."""

    def __init__(self, *, is_json: bool) -> None:
        self.is_json = is_json
        # What is piped is not folded to the width of a terminal.
        width = None if sys.stdout.isatty() else _WIDTH_OF_PIPES
        self.console = _Console(highlight=False, width=width)

    def show_list(self, items: Iterable[dict[str, Any]], columns: Sequence[str]) -> None:
        """Items as a table of these fields; for scripts, one JSON object a line."""
        if self.is_json:
            for item in items:
                sys.stdout.write(json.dumps(item) + "\n")
            return
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in columns:
            is_whole = column in _NEVER_FOLDED or column.endswith("_at")
            table.add_column(column.replace("_", " "), overflow="fold", no_wrap=is_whole)
        rows = 0
        for item in items:
            rows += 1
            table.add_row(*(cell(item.get(column)) for column in columns))
        if rows:
            self.console.print(table)
        else:
            self.say("Nothing found.")

    def show(self, item: Any) -> None:
        """One item: a line for each field that is there; for scripts, JSON."""
        if self.is_json:
            sys.stdout.write(json.dumps(item) + "\n")
            return
        table = Table(box=None, show_header=False, pad_edge=False)
        table.add_column(style="dim")
        table.add_column(overflow="fold")
        error = item.get("error")
        shown = {**item, "error": f"{error['type']}: {error['message']}"} if error else item
        for name, value in shown.items():
            if value not in (None, [], {}):
                table.add_row(name.replace("_", " "), cell(value))
        self.console.print(table)
        if error and error.get("traceback"):
            self.say("\n" + error["traceback"].rstrip())

    def complain(self, words: str) -> None:
        """A sentence about what went wrong, which scripts do not read."""
        sys.stderr.write(f"{words}\n")

    def say(self, words: str) -> None:
        """A sentence for people; scripts do not see it."""
        if not self.is_json:
            self.console.print(words, markup=False)


def cell(value: Any) -> Text:
    """A value in a table: colours for states, ages for times, JSON for what has parts."""
    if value is None:
        return Text("-", style="dim")
    if isinstance(value, dict):
        return Text(json.dumps(value, ensure_ascii=False))
    if isinstance(value, list):
        return Text(", ".join(map(str, value)))
    text = str(value)
    return Text(shorten_time(text), style=_STYLES.get(text, ""))


def shorten_time(text: str) -> str:
    """A time in UTC without fractions; other text as it is."""
    if len(text) < 20 or text[10:11] != "T" or not text.endswith("Z"):
        return text
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
