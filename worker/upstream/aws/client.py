"""Makes the clients that talk to AWS."""

from __future__ import annotations

from typing import Any


def make_client(service: str, region: str | None = None, endpoint_url: str | None = None) -> Any:
    """Return a boto3 client, such as "elbv2", with credentials from boto3's usual chain.

    The job is tried again by the worker, so the client itself gives up soon.
    """
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=5,
        read_timeout=20,
        retries={"mode": "standard", "total_max_attempts": 3},
        user_agent_extra="bellpull",
    )
    # A session of its own: boto3's default session must not be used from two threads at once.
    session = boto3.session.Session(region_name=region)
    return session.client(service, endpoint_url=endpoint_url, config=config)
