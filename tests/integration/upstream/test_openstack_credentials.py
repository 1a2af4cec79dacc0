"""How the worker enters OpenStack: with a password, a token or an application credential."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.openstack.cloud import OpenStackCloud
from worker.upstream.errors import UpstreamForbidden, UpstreamUnavailable
from worker.upstream.openstack.client import make_connection
from worker.upstream.openstack.load_balancers import OctaviaLoadBalancers

TOKEN = "0b9d9e5e-7f1c-4c3a-9f0e-5d8f8f6c1a2b"


def test_token_that_expired_is_replaced_by_another(octavia_cloud: Any) -> None:
    octavia_cloud.upstream.create(TOKEN, octavia_cloud.spec())
    octavia_cloud.openstack.keystone.tokens.clear()
    assert octavia_cloud.upstream.find(TOKEN) is not None


def test_wrong_password_is_not_tried_again(
    openstack_environment: OpenStackCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OS_PASSWORD", "wrong")
    with pytest.raises(UpstreamForbidden, match="requires authentication"):
        OctaviaLoadBalancers(make_connection).find(TOKEN)


def test_keystone_that_is_away_is_tried_again(
    openstack_environment: OpenStackCloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OS_AUTH_URL", "http://127.0.0.1:1/identity/v3")
    with pytest.raises(UpstreamUnavailable):
        OctaviaLoadBalancers(make_connection).find(TOKEN)


CLOUDS = """
clouds:
  by-token:
    auth_type: token
    auth: {{auth_url: {url}/identity/v3, token: {token}, project_name: load-balancers,
            project_domain_id: default}}
    region_name: RegionOne
  by-application-credential:
    auth_type: v3applicationcredential
    auth: {{auth_url: {url}/identity/v3, application_credential_id: app-id,
            application_credential_secret: app-secret}}
    region_name: RegionOne
"""


@pytest.mark.parametrize("name", ["by-token", "by-application-credential"])
def test_cloud_of_clouds_yaml_is_entered_by_its_credentials(
    openstack_environment: OpenStackCloud,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    name: str,
) -> None:
    token = openstack_environment.keystone.issue("member")
    path = tmp_path / "clouds.yaml"
    path.write_text(CLOUDS.format(url=openstack_environment.url, token=token))
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(path))
    upstream = OctaviaLoadBalancers(lambda: make_connection(name))
    assert upstream.find(TOKEN) is None


def test_cloud_that_clouds_yaml_does_not_name_is_a_matter_of_credentials(
    openstack_environment: OpenStackCloud,
) -> None:
    with pytest.raises(UpstreamForbidden, match="nowhere"):
        OctaviaLoadBalancers(lambda: make_connection("nowhere")).find(TOKEN)
