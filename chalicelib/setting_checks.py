"""What can be wrong with settings that are each of the right type."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from chalicelib.settings import Settings

SERIALIZERS = frozenset({"json", "yaml", "msgpack", "pickle"})
#: A project, and where its things are made: a cloud, and a place in it.
UPSTREAM_ENTRY = re.compile(r"([A-Za-z0-9_.-]+)=(aws|memory|openstack)(?::([A-Za-z0-9_.-]+))?")

_SECRET_ARN = re.compile(r"arn:[^:]+:secretsmanager:[^:]+:[^:]+:secret:.+")
#: A queue, and its weight.
_WEIGHT_ENTRY = re.compile(r"[A-Za-z0-9_-]+=(?:[1-9][0-9]{0,2}|1000)")


def find_contradictions(settings: Settings) -> list[str]:
    """In words, each with the name of its variable; none if all is well."""
    problems = _unusable_addresses(settings) + _unusable_secrets(settings)
    if unknown := set(settings.serializers) - SERIALIZERS:
        problems.append(f"ACCEPT_SERIALIZERS names unknown {', '.join(sorted(unknown))}")
    problems += [
        f"UPSTREAM_BY_PROJECT has {entry!r}, which is not like shop=aws:eu-west-1"
        for entry in split(settings.upstream_by_project)
        if not UPSTREAM_ENTRY.fullmatch(entry)
    ]
    problems += [
        f"QUEUE_WEIGHTS has {entry!r}, which is not like default=2, with a weight from 1 to 1000"
        for entry in split(settings.queue_weights)
        if not _WEIGHT_ENTRY.fullmatch(entry)
    ]
    if settings.auth == "keystone" and not (settings.keystone_url or "").startswith("http"):
        problems.append("AUTH=keystone needs KEYSTONE_URL, such as https://keystone.example.com/v3")
    problems += [
        f"KEYSTONE_ROLES gives {role!r} the scope {scope!r}: it must be read, write or admin"
        for role, scope in settings.scope_of_role.items()
        if scope not in ("read", "write", "admin") or not role
    ]
    if "json" not in settings.serializers:
        problems.append("ACCEPT_SERIALIZERS must name json, which every bell is written in")
    problems += [
        f"{name.upper()} must lie between 0 and a day of seconds"
        for name in ("beat_seconds", "lease_seconds")
        if not 0 < getattr(settings, name) < 86_400  # also refuses NaN and infinity
    ]
    if settings.metrics_port is not None and not 0 <= settings.metrics_port <= 65_535:
        problems.append("METRICS_PORT must lie between 0 (any free one) and 65535")
    if settings.lease_seconds < 3 * settings.beat_seconds:
        problems.append("LEASE_SECONDS must be at least three times BEAT_SECONDS")
    problems += [
        f"{name.upper()} must lie between 0 and 1000000"
        for name in (
            "shutdown_grace_seconds",
            "cancel_grace_seconds",
            "retention_days",
            "audit_retention_days",
            "rate_limit_per_minute",
            "circuit_breaker_failures",
            "circuit_breaker_seconds",
        )
        if not 0 <= getattr(settings, name) < 1_000_000
    ]
    problems += [
        f"{name.upper()} must be above 0"
        for name in ("max_body_bytes", "max_batch_body_bytes", "database_pool_size")
        if getattr(settings, name) <= 0
    ]
    return problems


def _unusable_secrets(settings: Settings) -> list[str]:
    problems = [
        f"{name.upper()} must be the ARN of a secret in Secrets Manager"
        for name in ("database_secret_arn", "database_application_secret_arn")
        if (arn := getattr(settings, name)) and not _SECRET_ARN.fullmatch(arn)
    ]
    application = settings.database_application_secret_arn
    if application and application == settings.database_secret_arn:
        problems.append("DATABASE_APPLICATION_SECRET_ARN must not be DATABASE_SECRET_ARN")
    if settings.database_url.startswith("sqlite"):
        problems += [
            f"{name.upper()} needs MySQL: SQLite has no users"
            for name in ("database_application_secret_arn", "database_application_iam_user")
            if getattr(settings, name)
        ]
    return problems


def _unusable_addresses(settings: Settings) -> list[str]:
    problems = []
    database = urlsplit(settings.database_url)
    if database.scheme not in ("mysql+pymysql", "sqlite"):
        problems.append("DATABASE_URL must begin with mysql+pymysql:// or sqlite:///")
    elif database.scheme == "sqlite" and not settings.database_url.startswith("sqlite:///"):
        problems.append("DATABASE_URL of SQLite has three slashes: sqlite:///path")
    elif database.scheme == "mysql+pymysql" and not (database.hostname and database.path[1:]):
        problems.append("DATABASE_URL must name host and database: mysql+pymysql://user@host/name")
    if "{queue}" not in settings.sqs_queue_url:
        problems.append("SQS_QUEUE_URL must contain {queue}, the place of a queue's name")
    elif not _is_http(settings.sqs_queue_url):
        problems.append("SQS_QUEUE_URL must begin with https:// or http:// and a host")
    for name in ("sqs_endpoint_url", "sns_endpoint_url", "upstream_endpoint_url"):
        value = getattr(settings, name)
        if value and not _is_http(value):
            problems.append(f"{name.upper()} must begin with https:// or http:// and a host")
    if settings.database_iam and not (
        database.username
        and database.password is None
        and settings.database_ca_file
        and settings.database_secret_arn is None
    ):
        problems.append(
            "DATABASE_IAM needs DATABASE_CA_FILE and a user in DATABASE_URL, and neither a password"
            " nor DATABASE_SECRET_ARN"
        )
    if settings.database_ca_file and not Path(settings.database_ca_file).is_file():
        problems.append(f"DATABASE_CA_FILE={settings.database_ca_file!r} is no file")
    return problems


def _is_http(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("http", "https") and bool(parts.netloc)


def split(text: str) -> list[str]:
    """What stands between commas."""
    return [part.strip() for part in text.split(",") if part.strip()]
