"""Settings come from the environment, typed, and each wrong one is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from chalicelib.errors import SettingsError
from chalicelib.settings import read_settings

NEEDED = {
    "DATABASE_URL": "sqlite:///bellpull.db",
    "SQS_QUEUE_URL": "https://sqs.example/1/test-{queue}",
}


def test_what_is_needed_is_enough() -> None:
    settings = read_settings(NEEDED)
    assert settings.database_url == "sqlite:///bellpull.db"
    assert settings.lease_seconds >= 3 * settings.beat_seconds


def test_missing_settings_are_named_all_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings({})
    assert "DATABASE_URL is not set" in caught.value.message
    assert "SQS_QUEUE_URL is not set" in caught.value.message
    assert ".env.example" in caught.value.message


def test_empty_value_counts_as_not_set() -> None:
    assert read_settings(NEEDED | {"BEAT_SECONDS": "", "SQS_ENDPOINT_URL": ""}).beat_seconds == 5.0
    with pytest.raises(SettingsError, match="DATABASE_URL is not set"):
        read_settings(NEEDED | {"DATABASE_URL": ""})


def test_values_get_their_types() -> None:
    settings = read_settings(
        NEEDED | {"BEAT_SECONDS": "1.5", "RETENTION_DAYS": "7", "LOG_FORMAT": "json"}
    )
    assert (settings.beat_seconds, settings.retention_days) == (1.5, 7)
    assert settings.log_format == "json"


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("DATABASE_URL", "postgresql://host/name", "must begin with"),
        ("DATABASE_URL", "mysql+pymysql://", "host and database"),
        ("DATABASE_URL", "mysql+pymysql://user@host", "host and database"),
        ("DATABASE_URL", "sqlite:jobs.db", "three slashes"),
        ("DATABASE_APPLICATION_SECRET_ARN", "password", "must be the ARN of a secret"),
        (
            "DATABASE_APPLICATION_SECRET_ARN",
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf",
            "SQLite has no users",
        ),
        ("DATABASE_APPLICATION_IAM_USER", "bellpull_iam", "SQLite has no users"),
        ("DATABASE_CA_FILE", "/no/such/file.pem", "is no file"),
        ("SQS_QUEUE_URL", "{queue}", "https://"),
        ("SQS_ENDPOINT_URL", "localhost:4566", "https://"),
        ("DATABASE_POOL_SIZE", "0", "above 0"),
        ("DATABASE_POOL_SIZE", "two", "cannot be used"),
        ("SQS_QUEUE_URL", "https://sqs.example/1/queue", "{queue}"),
        ("UPSTREAM", "moon", "one of aws, memory"),
        ("LOG_FORMAT", "xml", "one of text, json"),
        ("ACCEPT_SERIALIZERS", "json,cbor", "unknown cbor"),
        ("ACCEPT_SERIALIZERS", "yaml", "must name json"),
        ("ACCEPT_SERIALIZERS", ",", "must name json"),
        ("QUEUE_WEIGHTS", "default=0", "is not like default=2"),
        ("CIRCUIT_BREAKER_SECONDS", "-1", "must lie between"),
        ("MAX_BODY_BYTES", "-1", "above 0"),
        ("MAX_BODY_BYTES", "1.5", "cannot be used"),
        ("BEAT_SECONDS", "soon", "cannot be used"),
        ("BEAT_SECONDS", "0", "between 0"),
        ("BEAT_SECONDS", "nan", "between 0"),
        ("BEAT_SECONDS", "20", "three times"),
        ("LEASE_SECONDS", "inf", "between 0"),
        ("LEASE_SECONDS", "-40", "between 0"),
        ("LEASE_SECONDS", "14.9", "three times"),
        ("SHUTDOWN_GRACE_SECONDS", "-1", "between 0"),
        ("CANCEL_GRACE_SECONDS", "nan", "between 0"),
        ("METRICS_PORT", "70000", "between 0"),
        ("METRICS_PORT", "http", "Expected `int | null`"),
        ("RETENTION_DAYS", "-1", "between 0"),
        ("RETENTION_DAYS", "9999999", "between 0"),
    ],
)
def test_wrong_value_is_named_with_what_it_should_be(name: str, value: str, words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(NEEDED | {name: value})
    assert name in caught.value.message
    assert words in caught.value.message


def test_several_wrong_values_are_told_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        read_settings(NEEDED | {"LOG_FORMAT": "xml", "MAX_BODY_BYTES": "x"})
    assert "LOG_FORMAT" in caught.value.message
    assert "MAX_BODY_BYTES" in caught.value.message


def test_serializers_are_split_and_trimmed() -> None:
    settings = read_settings(NEEDED | {"ACCEPT_SERIALIZERS": " json, yaml ,"})
    assert settings.serializers == ["json", "yaml"]


def test_queue_url_has_the_queue_in_its_place() -> None:
    assert read_settings(NEEDED).queue_url("network") == "https://sqs.example/1/test-network"


def test_pickle_is_not_accepted_unless_named() -> None:
    assert read_settings(NEEDED).serializers == ["json"]


def test_upstream_is_chosen_by_project() -> None:
    told = "shop=aws:eu-west-1, lab=openstack:berlin, old=memory"
    settings = read_settings(NEEDED | {"UPSTREAM": "openstack", "UPSTREAM_BY_PROJECT": told})
    assert settings.upstream_of("shop") == "aws:eu-west-1"
    assert settings.upstream_of("lab") == "openstack:berlin"
    assert settings.upstream_of("old") == "memory"
    assert settings.upstream_of("else") == "openstack"


@pytest.mark.parametrize(
    "entry", ["shop", "shop=azure", "shop=aws:", "=aws", "a b=aws", "a=aws:b:c"]
)
def test_entry_of_upstream_by_project_that_says_nothing_is_named(entry: str) -> None:
    with pytest.raises(SettingsError, match="UPSTREAM_BY_PROJECT has "):
        read_settings(NEEDED | {"UPSTREAM_BY_PROJECT": f"lab=memory,{entry}"})


def test_tokens_of_iam_need_a_user_and_a_verified_server(tmp_path: Path) -> None:
    authority = tmp_path / "ca.pem"
    authority.touch()
    good = {
        **NEEDED,
        "DATABASE_URL": "mysql+pymysql://app@db.example/bellpull",
        "DATABASE_CA_FILE": str(authority),
        "DATABASE_IAM": "true",
        "AWS_REGION": "eu-west-1",
    }
    assert read_settings(good).iam_region == "eu-west-1"
    assert read_settings(good | {"DATABASE_IAM": ""}).iam_region is None
    for wrong in (
        {"DATABASE_URL": "mysql+pymysql://db.example/bellpull"},
        {"DATABASE_URL": "mysql+pymysql://app:secret@db.example/bellpull"},
        {"DATABASE_URL": "sqlite:///jobs.db"},
        {"DATABASE_CA_FILE": ""},
        {"DATABASE_SECRET_ARN": "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db-AbCdEf"},
    ):
        with pytest.raises(SettingsError, match="DATABASE_IAM needs"):
            read_settings(good | wrong)


def test_keystone_needs_an_address_and_scopes_that_exist() -> None:
    with pytest.raises(SettingsError, match="AUTH=keystone needs KEYSTONE_URL"):
        read_settings(NEEDED | {"AUTH": "keystone"})
    with pytest.raises(SettingsError, match="gives 'member' the scope 'all'"):
        read_settings(NEEDED | {"KEYSTONE_ROLES": "reader=read,member=all"})
    settings = read_settings(NEEDED | {"KEYSTONE_ROLES": "Reader = read"})
    assert settings.scope_of_role == {"reader": "read"}
