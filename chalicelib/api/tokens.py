"""Routes of tokens, each for the project of the caller, and of the audit."""

from __future__ import annotations

from chalice.app import Blueprint, Response

from chalicelib.api.call import Call
from chalicelib.api.routing import json_response, route
from chalicelib.domain.scopes import Scope
from chalicelib.schemas.fields import Page
from chalicelib.schemas.tokens import (
    AuditAnswer,
    AuditView,
    NewToken,
    RotatedToken,
    TokensAnswer,
    TokenView,
    TokenWithSecret,
)

blueprint = Blueprint(__name__)

_ALL = "/tokens"
_ONE = "/tokens/{token_id}"


@route(
    blueprint,
    "POST",
    _ALL,
    scope=Scope.ADMIN,
    body=NewToken,
    answers={201: TokenWithSecret},
    is_repeatable=True,
)
def create_token(call: Call, body: NewToken) -> Response:
    """Make a token; this answer alone shows it."""
    from chalicelib.services import tokens

    made = tokens.mint(
        call.engine,
        call.project_id,
        [body.scope],
        name=body.name,
        expires_in_seconds=body.expires_in_seconds,
        once=call.once(body),
    )
    return _made(call, *made)


@route(blueprint, "GET", _ALL, scope=Scope.ADMIN, query=Page, answers={200: TokensAnswer})
def list_tokens(call: Call, query: Page) -> Response:
    """List the tokens of the project, newest first, without themselves."""
    from chalicelib.services import tokens

    rows = tokens.list_newest(
        call.engine, call.project_id, limit=query.limit + 1, after=query.after
    )
    page, following = call.cut(rows, query.limit)
    views = [TokenView.from_row(row) for row in page]
    return json_response(TokensAnswer(views, following), link=call.next_link(following))


@route(blueprint, "GET", _ONE, scope=Scope.ADMIN, answers={200: TokenView})
def get_token(call: Call, token_id: str) -> Response:
    """Look at a token: what it permits, when it ends, when it was last used."""
    from chalicelib.services import tokens

    return json_response(TokenView.from_row(tokens.get(call.engine, call.project_id, token_id)))


@route(
    blueprint,
    "POST",
    f"{_ONE}/rotate",
    scope=Scope.ADMIN,
    body=RotatedToken,
    answers={201: TokenWithSecret},
    is_repeatable=True,
)
def rotate_token(call: Call, token_id: str, body: RotatedToken) -> Response:
    """Replace a token by a new one; the old one works for `overlap_seconds` more."""
    from chalicelib.services import tokens

    made = tokens.rotate(
        call.engine,
        call.project_id,
        token_id,
        overlap_seconds=body.overlap_seconds,
        once=call.once(body),
    )
    return _made(call, *made)


@route(blueprint, "DELETE", _ONE, scope=Scope.ADMIN, answers={204: None}, is_conditional=True)
def revoke_token(call: Call, token_id: str) -> Response:
    """Make a token worthless from now on."""
    from chalicelib.services import tokens

    tokens.revoke(
        call.engine, token_id, call.project_id, require=call.unchanged(TokenView.from_row)
    )
    return Response("", {}, 204)


@route(blueprint, "GET", "/audit", scope=Scope.ADMIN, query=Page, answers={200: AuditAnswer})
def list_audit(call: Call, query: Page) -> Response:
    """List who did what in the project, newest first."""
    from chalicelib.services import audit

    rows = audit.list_newest(call.engine, call.project_id, limit=query.limit + 1, after=query.after)
    page, following = call.cut(rows, query.limit)
    views = [AuditView.from_row(row) for row in page]
    return json_response(AuditAnswer(views, following), link=call.next_link(following))


def _made(call: Call, token_id: str, token: str) -> Response:
    from chalicelib.services import tokens

    row = tokens.get(call.engine, call.project_id, token_id)
    view = TokenWithSecret.from_row(row, token=token)
    return json_response(view, 201, call.location(_ALL, token_id))
