"""Who is calling: a token is found in the headers, looked up, and asked for its scope."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from chalicelib.domain.scopes import Scope, permits
from chalicelib.errors import Forbidden, Unauthorized
from chalicelib.settings import get_settings

if TYPE_CHECKING:
    from chalicelib.api.call import Call
    from chalicelib.services.tokens import Caller

#: The only routes that may be declared without a scope: method and path.
PUBLIC = frozenset(
    {
        ("GET", "/health"),
        ("GET", "/ready"),
        ("GET", "/openapi.json"),
        ("GET", "/docs"),
        ("GET", "/console"),
        ("GET", "/console/{version}/{name}"),
    }
)

#: What can be a token at all; anything else is refused without asking anybody. Keystone's
#: are the longest: with signatures of their own about a thousand characters.
_TOKEN = re.compile(r"[\x21-\x7e]{1,4096}")


def authenticate(call: Call, needed: Scope) -> None:
    """Set `call.caller` to who shows the token of this request.

    Raises:
        Unauthorized: there is no token, two different ones, or one that is not valid.
        TooManyRequests: the token has sent as many as it may in this minute.
        Forbidden: the token lacks the scope.
        DatabaseUnavailable, KeystoneUnavailable: nobody can be asked.
    """
    token = find_token(call.request.headers)
    call.caller = _identify(call, token)
    if call.caller is None:
        raise Unauthorized("This token is not known, or was revoked.")
    settings = get_settings()
    # Keystone limits its own tokens.
    if (limit := settings.rate_limit_per_minute) and settings.auth != "keystone":
        from chalicelib.services.rate_limits import spend

        spend(call.engine, call.caller, limit)
    if not permits(call.caller.scopes, needed):
        raise Forbidden(f"This request needs a token with the scope {needed}.")
    from chalicelib.services.audit import acting_token

    acting_token.set(call.caller.token_id)


def _identify(call: Call, token: str) -> Caller | None:
    if get_settings().auth == "keystone":
        from chalicelib.services import keystone

        return keystone.identify(call.engine, token)

    from chalicelib.services import tokens

    return tokens.identify(call.engine, token)


def find_token(headers: Mapping[str, str]) -> str:
    """The token in X-Auth-Token or Authorization: Bearer. Raises Unauthorized.

    `headers`: by name in lower case.
    """
    shown = set()
    if (plain := headers.get("x-auth-token")) is not None:
        shown.add(plain.strip())
    if (authorization := headers.get("authorization")) is not None:
        scheme, _, token = authorization.strip().partition(" ")
        if scheme.lower() != "bearer":
            raise Unauthorized("The only scheme of Authorization here is Bearer.")
        shown.add(token.strip())
    if not shown:
        raise Unauthorized
    if len(shown) > 1:
        raise Unauthorized("X-Auth-Token and Authorization carry different tokens.")
    if _TOKEN.fullmatch(token := shown.pop()) is None:
        raise Unauthorized("This token is not known, or was revoked.")
    return token
