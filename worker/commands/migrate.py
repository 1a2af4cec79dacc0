"""`python -m worker migrate`: brings the database to the newest schema."""

from __future__ import annotations

import argparse
from typing import Any

from chalicelib.db.migrate import head_revision, upgrade
from chalicelib.settings import get_settings


def add_parser(subparsers: Any) -> None:
    """Add this command to the parser."""
    parser = subparsers.add_parser("migrate", help="bring the database to the newest schema")
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> None:
    """Migrate DATABASE_URL."""
    settings = get_settings()
    upgrade(
        settings.database_url,
        ca_file=settings.database_ca_file,
        secret_arn=settings.database_secret_arn,
        iam_region=settings.iam_region,
    )
    print(f"The database is at revision {head_revision()}.")
