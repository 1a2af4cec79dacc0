"""Chooses the cloud that the settings name."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.settings import Settings
    from worker.upstream.protocol import Upstream


def build_upstream(settings: Settings) -> Upstream:
    """Make the upstream of these settings; only its own modules are imported."""
    if settings.upstream == "memory":
        from worker.upstream.memory import MemoryUpstream

        return MemoryUpstream(settings.upstream_memory_path)

    from functools import partial

    from worker.upstream.aws.client import make_client
    from worker.upstream.aws.load_balancers import AwsUpstream

    return AwsUpstream(partial(make_client, settings.aws_region, settings.upstream_endpoint_url))
