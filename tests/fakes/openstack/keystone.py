"""Keystone, API version 3: tokens by password, token and application credential."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

Told = tuple[int, Any, dict[str, str]]

_SERVICES = {
    "load-balancer": "octavia",
    "compute": "nova",
    "network": "neutron",
    "identity": "keystone",
}
_PATHS = {
    "load-balancer": "load-balancer",
    "compute": "compute/v2.1",
    "network": "networking",
    "identity": "identity",
}


class Keystone:
    """Who has which password, and the tokens that were given for it."""

    def __init__(self, url: str) -> None:
        self._url = url
        #: Name of a user -> password.
        self.passwords = {"bellpull": "secret"}
        #: Id of an application credential -> its secret.
        self.application_credentials = {"app-id": "app-secret"}
        #: Token -> what Keystone says of it.
        self.tokens: dict[str, dict[str, Any]] = {}

    def issue(
        self,
        *roles: str,
        project: str | None = "load-balancers",
        expires_in_seconds: float = 3600,
        **more: Any,
    ) -> str:
        """Give a token to somebody with these roles in a project."""
        token, now = uuid.uuid4().hex, datetime.now(UTC)
        said: dict[str, Any] = {
            "methods": ["password"],
            "user": {"id": "user-id", "name": "bellpull", "domain": {"id": "default"}},
            "roles": [{"id": f"{role}-id", "name": role} for role in roles],
            "issued_at": _format(now),
            "expires_at": _format(now + timedelta(seconds=expires_in_seconds)),
            "catalog": self._catalog(),
        }
        if project is not None:
            said["project"] = {"id": project, "name": f"the {project}", "domain": {"id": "default"}}
        self.tokens[token] = said | more
        return token

    def find_token(self, token: str | None) -> dict[str, Any] | None:
        """What is said of a token, None if it is not valid."""
        said = self.tokens.get(token or "")
        if said is None or said["expires_at"] < _format(datetime.now(UTC)):
            return None
        return said

    def answer(self, call: Any) -> Told:
        """Answer one request."""
        path = call.path.removeprefix("/identity").rstrip("/")
        if path in ("", "/v3"):
            version = {
                "id": "v3.14",
                "status": "stable",
                "links": [{"rel": "self", "href": f"{self._url}/identity/v3/"}],
            }
            if path == "":
                return 300, {"versions": {"values": [version]}}, {}
            return 200, {"version": version}, {}
        if path != "/v3/auth/tokens":
            return _error(404, "Could not find the path.")
        return self._authenticate(call) if call.method == "POST" else self._validate(call)

    def _authenticate(self, call: Any) -> Told:
        identity = call.body["auth"]["identity"]
        (method,) = identity["methods"]
        given = identity[method]
        if method == "password":
            known = self.passwords.get(given["user"]["name"]) == given["user"]["password"]
        elif method == "token":
            known = self.find_token(given["id"]) is not None
        else:
            known = self.application_credentials.get(given["id"]) == given["secret"]
        if not known:
            return _error(401, "The request you have made requires authentication.")
        token = self.issue("member", methods=[method])
        return 201, {"token": self.tokens[token]}, {"X-Subject-Token": token}

    def _validate(self, call: Any) -> Told:
        if self.find_token(call.headers.get("x-auth-token")) is None:
            return _error(401, "The request you have made requires authentication.")
        shown = call.headers.get("x-subject-token")
        if (said := self.find_token(shown)) is None:
            return _error(404, "Could not find token.")
        return 200, {"token": said}, {"X-Subject-Token": str(shown)}

    def _catalog(self) -> list[dict[str, Any]]:
        return [
            {
                "id": type_,
                "type": type_,
                "name": name,
                "endpoints": [
                    {
                        "id": f"{type_}-public",
                        "interface": "public",
                        "region": "RegionOne",
                        "region_id": "RegionOne",
                        "url": f"{self._url}/{_PATHS[type_]}",
                    }
                ],
            }
            for type_, name in _SERVICES.items()
        ]


def _format(at: datetime) -> str:
    return at.strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def _error(status: int, message: str) -> Told:
    return status, {"error": {"code": status, "message": message, "title": "Error"}}, {}
