"""`python -m worker migrate`: brings the database to the newest schema, and makes its users."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from chalicelib.db.application_user import ensure_application_user, ensure_iam_user
from chalicelib.db.engine import connect, make_configured_engine
from chalicelib.db.migrate import head_revision, upgrade
from chalicelib.errors import BellpullError
from chalicelib.settings import Settings, get_settings


class NoApplicationUser(BellpullError):
    """DATABASE_APPLICATION_SECRET_ARN is not set: there is no user here whose password it is."""

    code = "no-application-user"


def add_parser(subparsers: Any) -> None:
    """Add this command to the parser."""
    parser = subparsers.add_parser("migrate", help="bring the database to the newest schema")
    parser.add_argument(
        "--new-password",
        action="store_true",
        help="also change the password of the user that the API and workers log in as",
    )
    parser.set_defaults(run=run)


def run(parsed: argparse.Namespace) -> None:
    """Migrate DATABASE_URL, and make the users that DATABASE_APPLICATION_... name."""
    settings = get_settings()
    if parsed.new_password and not settings.database_application_secret_arn:
        raise NoApplicationUser
    upgrade(
        settings.database_url,
        ca_file=settings.database_ca_file,
        secret_arn=settings.database_secret_arn,
        iam_region=settings.iam_region,
    )
    print(f"The database is at revision {head_revision()}.")
    for name in _ensure_users(settings, parsed.new_password):
        print(f"The API and workers log in as {name}.")


def _ensure_users(settings: Settings, new_password: bool) -> Iterator[str]:
    secret_arn = settings.database_application_secret_arn
    iam_user = settings.database_application_iam_user
    engine = make_configured_engine(settings)
    try:
        with connect(engine) as connection:
            if secret_arn:
                yield ensure_application_user(connection, secret_arn, new_password=new_password)
            if iam_user:
                ensure_iam_user(connection, iam_user)
                yield iam_user
    finally:
        engine.dispose()
