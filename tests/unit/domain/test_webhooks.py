"""Which addresses webhooks may have, and what they hear of."""

from __future__ import annotations

from typing import get_args

import pytest

from chalicelib.domain.webhooks import (
    EventType,
    find_url_problem,
    is_permitted_topic,
    is_public,
    topic_region,
    wants,
)
from chalicelib.schemas.webhooks import Pattern

TOPIC = "arn:aws:sns:eu-central-1:123456789012:bellpull-demo-alarms"


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public_address_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",
        "127.0.0.1",
        "169.254.169.254",
        "172.16.0.1",
        "192.0.0.8",
        "192.168.1.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "2002:7f00:1::",
        "64:ff9b::7f00:1",
        "64:ff9b:1::1",
        "fd00:ec2::254",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
    ],
)
def test_address_that_only_we_can_reach_is_not_public(address: str) -> None:
    assert not is_public(address)


def problem(url: str, *, is_private_permitted: bool = False) -> str | None:
    return find_url_problem(url, is_private_permitted=is_private_permitted)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://example.com:8443/a/b?c=d",
        "https://8.8.8.8/",
        "https://[2001:4860:4860::8888]/",
    ],
)
def test_public_https_address_is_permitted(url: str) -> None:
    assert problem(url) is None


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://example.com/", "https"),
        ("ftp://example.com/", "an address such as"),
        ("example.com/hook", "an address such as"),
        ("https://", "an address such as"),
        ("https://[::1", "an address such as"),
        ("https://example.com:99999/", "an address such as"),
        ("https://user:secret@example.com/", "without user"),
        ("https://example.com/#part", "fragment"),
        ("https://bücher.example/", "ASCII"),
        ("https://example.com/a b", "ASCII"),
        ("https://example.com/\r\nX: y", "ASCII"),
        ("https://127.0.0.1/", "public"),
        ("https://[::1]/", "public"),
        ("https://169.254.169.254/latest", "public"),
        ("https://localhost/", "public"),
        ("https://db.internal/", "public"),
    ],
)
def test_other_addresses_are_refused_with_the_reason(url: str, words: str) -> None:
    assert words in str(problem(url))


@pytest.mark.parametrize("url", ["http://127.0.0.1:8080/hook", "http://localhost/"])
def test_private_address_is_permitted_where_the_setting_says_so(url: str) -> None:
    assert problem(url, is_private_permitted=True) is None


def test_pattern_fits_its_type_or_its_family() -> None:
    assert wants(["load_balancer.error"], "load_balancer.error")
    assert wants(["job.failed", "load_balancer.*"], "load_balancer.error")
    assert wants(["*"], "job.failed")
    assert not wants(["job.*"], "load_balancer.error")
    assert not wants([], "job.failed")


def test_requests_may_name_every_type_that_happens_by_itself() -> None:
    families = {"*", "load_balancer.*", "server.*", "job.*"}
    assert set(get_args(Pattern)) == families | set(EventType) - {EventType.PING}


def test_region_is_read_from_the_arn_of_a_topic() -> None:
    assert topic_region(TOPIC) == "eu-central-1"
    assert topic_region(TOPIC.replace("aws", "aws-us-gov")) == "eu-central-1"
    assert topic_region("arn:aws:sqs:eu-central-1:123456789012:queue") is None
    assert topic_region("https://example.com") is None


def test_topic_is_permitted_by_the_pattern_for_its_project_alone() -> None:
    pattern = "arn:aws:sns:*:123456789012:bellpull-{project_id}-*"
    assert is_permitted_topic(pattern, TOPIC, "demo")
    assert not is_permitted_topic(pattern, TOPIC, "other")
    assert not is_permitted_topic(None, TOPIC, "demo")
