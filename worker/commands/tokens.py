"""`python -m worker tokens create|list|revoke`: who may call the API."""

from __future__ import annotations

import argparse
import sys
from typing import Any

from chalicelib.db.engine import get_engine
from chalicelib.domain.scopes import Scope
from chalicelib.services import tokens


def add_parser(subparsers: Any) -> None:
    """Add this command to the parser."""
    parser = subparsers.add_parser("tokens", help="tokens of the API's callers")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    create = actions.add_parser("create", help="mint a token; it is shown this once")
    create.add_argument("--project", required=True)
    create.add_argument(
        "--scope",
        required=True,
        action="append",
        type=Scope,
        choices=list(Scope),
        metavar="{read,write,admin}",
    )
    create.set_defaults(run=_create)
    actions.add_parser("list", help="all tokens, without themselves").set_defaults(run=_list)
    revoke = actions.add_parser("revoke", help="make a token worthless")
    revoke.add_argument("id")
    revoke.set_defaults(run=_revoke)


def _create(parsed: argparse.Namespace) -> None:
    token_id, token = tokens.mint(get_engine(), parsed.project, parsed.scope)
    # The token alone on stdout, for scripts; the rest where people look.
    print(f"Token {token_id} for project {parsed.project}, shown this once:", file=sys.stderr)
    print(token)


def _list(parsed: argparse.Namespace) -> None:
    for row in tokens.list_all(get_engine()):
        state = f"revoked {row.revoked_at:%Y-%m-%d}" if row.revoked_at else "valid"
        scopes = ",".join(row.scopes)
        print(f"{row.id}  {row.project_id:20}  {scopes:12}  {row.created_at:%Y-%m-%d}  {state}")


def _revoke(parsed: argparse.Namespace) -> None:
    tokens.revoke(get_engine(), parsed.id)
    print(f"Token {parsed.id} is worthless from now on.")
