"""Makes the connection that talks to OpenStack's services."""

from __future__ import annotations

import warnings
from typing import Any

#: Seconds for one request; the job is tried again by the worker, so each gives up soon.
_TIMEOUT_SECONDS = 20


def make_connection(cloud: str | None = None) -> Any:
    """Return an openstacksdk connection; it asks Keystone at its first request.

    `cloud`: its name in clouds.yaml; None: what variables that begin with OS_ say, as for every
    OpenStack client. Either way with a password, a token or an application credential.
    """
    import openstack

    with warnings.catch_warnings():
        # The SDK says this to everybody, whether they use InfluxDB or not.
        warnings.filterwarnings("ignore", "Support for InfluxDB")
        return openstack.connect(
            cloud=cloud or "envvars",
            app_name="bellpull",
            api_timeout=_TIMEOUT_SECONDS,
        )
