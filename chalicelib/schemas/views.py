"""What answers say of a row: the fields that a view names, and no others."""

from __future__ import annotations

from typing import Any, Self

import msgspec


class View(msgspec.Struct, frozen=True, kw_only=True):
    """A part of an answer that is made out of a row."""

    @classmethod
    def from_row(cls, row: Any, **other: Any) -> Self:
        """`row`: has an attribute for each field that `other` has not."""
        names = [name for name in cls.__struct_fields__ if name not in other]
        return cls(**{name: getattr(row, name) for name in names}, **other)
