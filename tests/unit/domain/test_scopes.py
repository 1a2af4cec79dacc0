"""Each scope includes those before it."""

from __future__ import annotations

import pytest

from chalicelib.domain.scopes import Scope, permits


@pytest.mark.parametrize(
    ("held", "permitted"),
    [
        (["read"], {"read"}),
        (["write"], {"read", "write"}),
        (["admin"], {"read", "write", "admin"}),
        (["read", "write"], {"read", "write"}),
        ([], set()),
        (["root"], set()),
    ],
)
def test_scope_permits_itself_and_those_before(held: list[str], permitted: set[str]) -> None:
    assert {scope.value for scope in Scope if permits(held, scope)} == permitted
