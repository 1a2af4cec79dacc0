"""Tokens that callers show."""

from __future__ import annotations

import hashlib
from typing import Any

from sqlalchemy import Row

from chalicelib.db.clock import now
from chalicelib.db.tables import tokens
from chalicelib.domain.ids import new_id
from tests.factories.rows import Target, insert_row


def create_token(target: Target, token: str | None = None, **overrides: Any) -> Row[Any]:
    """A valid token of project demo that permits everything; the caller shows `token`."""
    values: dict[str, Any] = {
        "id": new_id(),
        "project_id": "demo",
        "digest": hashlib.sha256((token or new_id()).encode()).hexdigest(),
        "scopes": ["admin"],
        "created_at": now(),
    }
    return insert_row(target, tokens, values | overrides)
