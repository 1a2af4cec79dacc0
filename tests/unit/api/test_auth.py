"""Which token a request shows, and what the API makes of headers that show none."""

from __future__ import annotations

import pytest
from chalice.app import CaseInsensitiveMapping

from chalicelib.api.auth import find_token
from chalicelib.errors import Unauthorized


@pytest.mark.parametrize(
    "headers",
    [
        {"X-Auth-Token": "bp_x"},
        {"x-auth-token": " bp_x "},
        {"Authorization": "Bearer bp_x"},
        {"authorization": "bearer  bp_x"},
        {"X-Auth-Token": "bp_x", "Authorization": "Bearer bp_x"},
    ],
)
def test_token_is_found_in_either_header(headers: dict[str, str]) -> None:
    assert find_token(CaseInsensitiveMapping(headers)) == "bp_x"


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Auth-Token": ""},
        {"X-Auth-Token": " "},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic eDp5"},
        {"Authorization": "bp_x"},
        {"X-Auth-Token": "bp_x", "Authorization": "Bearer bp_y"},
        {"X-Auth-Token": "bp_x", "Authorization": "Basic eDp5"},
        {"X-Auth-Token": "bp_x", "Authorization": ""},
        {"X-Auth-Token": "", "Authorization": "Bearer bp_x"},
        {"X-Auth-Token": "bp_ö"},
        {"X-Auth-Token": "bp_\ud800"},
        {"X-Auth-Token": "bp_\x00"},
        {"X-Auth-Token": "bp_x bp_y"},
        {"X-Auth-Token": "x" * 100_000},
    ],
)
def test_what_cannot_be_a_token_is_refused_before_anybody_is_asked(
    headers: dict[str, str],
) -> None:
    with pytest.raises(Unauthorized):
        find_token(CaseInsensitiveMapping(headers))
