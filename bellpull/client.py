"""Speaks HTTP with the API: JSON in, JSON out, and problems as errors."""

from __future__ import annotations

import http.client
import json
import re
import time
import urllib.error
import urllib.request
import uuid
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

#: What a header can carry.
_TOKEN = re.compile(r"[\x21-\x7e]+")
#: Seconds that one answer may take: the API waits up to 25 by itself if it is asked to.
_TIMEOUT_SECONDS = 40.0
#: Statuses after which the same request may succeed, and how often it is sent.
_TRY_AGAIN = frozenset({429, 502, 503, 504})
_TRIES = 3
_LONGEST_PAUSE_SECONDS = 10.0


class ApiProblem(Exception):
    """The API answered with a problem (RFC 9457)."""

    def __init__(self, status: int, body: dict[str, Any]) -> None:
        super().__init__(str(body["detail"]))
        self.status = status
        self.body = body


class Unreachable(Exception):
    """The API does not answer; the message says at which address, and why."""


class Client:
    """One API, with a token."""

    def __init__(self, url: str, token: str) -> None:
        self._url = url.strip().rstrip("/")
        self._token = token.strip()

    def get(self, *path: str, **query: Any) -> Any:
        """What GET answers. Raises ApiProblem, Unreachable."""
        return self._send("GET", path, query=query)

    def post(self, *path: str, body: Any = None, key: str | None = None) -> Any:
        """What POST answers; sent again if nobody answered, under one Idempotency-Key."""
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        return self._send("POST", path, body={} if body is None else body, headers=headers)

    def put(self, *path: str, body: Any) -> Any:
        """What PUT answers."""
        return self._send("PUT", path, body=body)

    def delete(self, *path: str) -> Any:
        """What DELETE answers; None if it has nothing to say."""
        return self._send("DELETE", path)

    def pages(self, name: str, *path: str, limit: int, **query: Any) -> Iterator[dict[str, Any]]:
        """The items of a list, page by page, at most `limit`. `name`: where a page has them."""
        after = None
        while limit > 0:
            page = self.get(*path, **query, limit=min(limit, 100), after=after)
            yield from page[name]
            limit -= len(page[name])
            after = page["next"]
            if after is None:
                return

    def _send(
        self,
        method: str,
        path: tuple[str, ...],
        *,
        query: dict[str, Any] | None = None,
        body: Any = None,
        headers: dict[str, str] | None = None,
    ) -> Any:
        if not all(path):  # it would be another path
            raise ApiProblem(404, {"detail": "An id has at least one character."})
        if _TOKEN.fullmatch(self._token) is None:
            raise ApiProblem(401, {"detail": "What was given as token can be none."})
        url = "/".join([self._url, *(quote(part, safe="") for part in path)])
        if asked := {name: value for name, value in (query or {}).items() if value is not None}:
            url += "?" + urlencode(asked)
        if "@" in self._url:  # a password may be in it: it is not to be printed
            raise Unreachable("The URL must name no user: the API knows callers by BELLPULL_TOKEN.")
        if not _is_http(url):
            raise Unreachable(f"{self._url} is no address of HTTP: set BELLPULL_URL or --url.")
        request = urllib.request.Request(  # noqa: S310 - its scheme was looked at
            url,
            method=method,
            data=None if body is None else json.dumps(body).encode(),
            headers={
                "Authorization": f"Bearer {self._token}",
                "Content-Type": "application/json",
                "Accept": "application/json",
                **(headers or {}),
            },
        )
        for tries_left in reversed(range(_TRIES)):
            try:
                return _open(request)
            except ApiProblem as problem:
                if problem.status not in _TRY_AGAIN or tries_left == 0:
                    raise
                pause = float(problem.body.get("retry_after", 1.0))
            except Unreachable:
                if tries_left == 0 or method in ("PUT", "DELETE"):
                    raise
                pause = 0.5
            time.sleep(min(pause, _LONGEST_PAUSE_SECONDS))
        raise AssertionError("unreachable")


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


class _Stay(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the token is for one address, and a POST would become a GET."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(_Stay)


def _open(request: urllib.request.Request) -> Any:
    try:
        with _OPENER.open(request, timeout=_TIMEOUT_SECONDS) as answer:
            raw = answer.read()
            body = _parse(raw)
            if raw and not isinstance(body, dict):
                raise Unreachable(_not_ours(request, answer.status))
            return body
    except urllib.error.HTTPError as error:
        with error:
            body = _parse(error.read())
            problem = body if isinstance(body, dict) else {}
            problem.setdefault("detail", problem.get("title") or _not_ours(request, error.code))
            if error.code == 404 and problem.get("type") == "about:blank":  # no path of the API's
                problem["detail"] = _not_ours(request, error.code)
            if wait := error.headers.get("Retry-After"):
                problem["retry_after"] = wait if wait.isdigit() else 1
            raise ApiProblem(error.code, problem) from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise Unreachable(f"{request.full_url} does not answer: {reason}") from None


def _not_ours(request: urllib.request.Request, status: int) -> str:
    url = request.full_url
    return f"{url} answered {status}, but not as Bellpull's API does: see BELLPULL_URL or --url."


def _parse(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return None
