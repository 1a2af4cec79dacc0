"""Chooses the cloud that the settings name."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from chalicelib.settings import Settings
    from worker.upstream.protocol import Upstream


def build_upstream(settings: Settings, kind: str, place: str | None = None) -> Upstream:
    """Make an upstream; only its own modules are imported, and nothing is asked yet.

    `kind`: aws, memory or openstack; `place`: the region of aws, for openstack the name in
    clouds.yaml, None: what the settings say.
    """
    if kind == "memory":
        from worker.upstream.memory import MemoryUpstream

        return MemoryUpstream(settings.upstream_memory_path)
    if kind == "openstack":
        from worker.upstream.openstack.client import make_connection
        from worker.upstream.openstack.load_balancers import OpenStackUpstream

        return OpenStackUpstream(partial(make_connection, place or settings.openstack_cloud))

    from worker.upstream.aws.client import make_client
    from worker.upstream.aws.load_balancers import AwsUpstream

    region = place or settings.aws_region
    return AwsUpstream(partial(make_client, region, settings.upstream_endpoint_url))
