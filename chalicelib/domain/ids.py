"""Ids: time-ordered UUIDs (version 7, RFC 9562) as text."""

from __future__ import annotations

import re
from typing import TypeGuard

import uuid_utils

#: Ids of foreign Celery messages may be any text of this kind (155 is Celery's own limit).
FOREIGN_ID = re.compile(r"[\x21-\x7e]{1,155}")
#: What SQS accepts as the group of a message, and people can type.
PROJECT_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def new_id() -> str:
    """A new id; later ids sort after earlier ones."""
    return str(uuid_utils.uuid7())


def is_project_id(text: object) -> bool:
    """Whether `text` can be the id of a project."""
    return isinstance(text, str) and PROJECT_ID.fullmatch(text) is not None


def is_job_id(text: object) -> TypeGuard[str]:
    """Whether `text` can be the id of a job: 1 to 155 printable ASCII characters."""
    return isinstance(text, str) and FOREIGN_ID.fullmatch(text) is not None
