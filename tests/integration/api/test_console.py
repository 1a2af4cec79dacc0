"""The console's routes: the page, its files, and who is calling."""

from __future__ import annotations

import re
from typing import Any

import pytest


def test_page_names_its_files_behind_the_stage(api: Any) -> None:
    context = {"path": "/prod/console", "resourcePath": "/console", "httpMethod": "GET"}
    answer = api.raw("GET", "/console", requestContext=context)
    assert answer["statusCode"] == 200
    assert answer["headers"]["Cache-Control"] == "no-store"
    assert "script-src 'self'" in answer["headers"]["Content-Security-Policy"]
    found = re.findall(r'(?:src|href)="(.+?)"', answer["body"])
    assert found
    assert not [path for path in found if not path.startswith("/prod/console/")]


def test_files_may_be_kept_for_ever(api: Any) -> None:
    page = api.raw("GET", "/console", headers={})["body"]
    kinds = {".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml"}
    paths = re.findall(r'(?:src|href)="(.+?)"', page)
    assert paths
    for path in paths:
        answer = api.raw("GET", path, headers={})
        assert answer["statusCode"] == 200, path
        assert answer["headers"]["Cache-Control"] == "public, max-age=31536000, immutable"
        assert answer["headers"]["Content-Type"].startswith(kinds[path[path.rindex(".") :]])


@pytest.mark.parametrize("path", ["/console/0/app.js", "/console/0/..%2Fpage.html"])
def test_there_are_no_other_files(api: Any, path: str) -> None:
    assert api("GET", path, headers={}).status == 404


@pytest.mark.parametrize("scope", ["read", "admin"])
def test_caller_is_told_whose_token_it_is(api: Any, mint_token: Any, scope: str) -> None:
    token = mint_token(scope, "shop")
    answer = api("GET", "/caller", headers={"X-Auth-Token": token})
    assert (answer.status, answer.body["project_id"], answer.body["scopes"]) == (
        200,
        "shop",
        [scope],
    )
    assert token not in str(answer)
