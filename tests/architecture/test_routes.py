"""Every route asks for a token, or stands on the short list of those that do not."""

from __future__ import annotations

import pytest
from chalice.app import Blueprint, RouteEntry

from app import app
from chalicelib.api.auth import PUBLIC
from chalicelib.api.routing import route
from chalicelib.domain.scopes import Scope

ENTRIES = [
    entry
    for methods in app.routes.values()
    for entry in methods.values()
    # OPTIONS says what a path permits, to anybody; HEAD is GET.
    if entry.method not in ("OPTIONS", "HEAD")
]


def name(entry: RouteEntry) -> str:
    return f"{entry.method} {entry.uri_pattern}"


@pytest.mark.parametrize("entry", ENTRIES, ids=name)
def test_route_asks_for_a_scope_or_is_public(entry: RouteEntry) -> None:
    scope = entry.view_function.declared.scope
    is_public = (entry.method, entry.uri_pattern) in PUBLIC
    assert (scope is None) if is_public else isinstance(scope, Scope)


@pytest.mark.parametrize("entry", ENTRIES, ids=name)
def test_route_that_changes_something_asks_for_more_than_read(entry: RouteEntry) -> None:
    if entry.method != "GET":
        assert entry.view_function.declared.scope in (Scope.WRITE, Scope.ADMIN)


def test_public_list_is_short_and_names_existing_routes() -> None:
    assert {(entry.method, entry.uri_pattern) for entry in ENTRIES} >= PUBLIC
    assert len(PUBLIC) <= 6


def test_route_without_scope_that_is_not_listed_cannot_be_declared() -> None:
    with pytest.raises(ValueError, match="not on the list"):
        route(Blueprint(__name__), "GET", "/secrets", scope=None, answers={})


def test_app_declares_no_route_itself() -> None:
    for entry in ENTRIES:
        assert entry.view_function.__module__.startswith("chalicelib.api.")
