"""Settings choose the cloud, and nothing of the other is imported."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import msgspec

from chalicelib.domain.load_balancers import LoadBalancerSpec
from chalicelib.settings import Settings
from worker.upstream.aws.load_balancers import AwsLoadBalancers
from worker.upstream.openstack.load_balancers import OctaviaLoadBalancers
from worker.upstream.registry import build_load_balancers

SETTINGS = Settings(database_url="sqlite:///x", sqs_queue_url="http://localhost/{queue}")


def test_upstream_is_built_without_a_connection_or_credentials() -> None:
    assert isinstance(build_load_balancers(SETTINGS, "aws:eu-west-1"), AwsLoadBalancers)
    assert isinstance(build_load_balancers(SETTINGS, "openstack:berlin"), OctaviaLoadBalancers)


def test_memory_upstreams_with_one_path_are_one_cloud(tmp_path: Path) -> None:
    path = str(tmp_path / "cloud.sqlite")
    settings = msgspec.structs.replace(SETTINGS, upstream="memory", upstream_memory_path=path)
    spec = LoadBalancerSpec(name="x", subnet_ids=["subnet-1"])
    made = build_load_balancers(settings, "memory").create("token", spec)
    assert build_load_balancers(settings, "memory").find("token") == made


def test_no_library_of_a_cloud_is_imported_before_a_cloud_is_chosen() -> None:
    program = (
        "import sys, worker.upstream.registry as _;"
        "libraries = ('boto3', 'botocore', 'openstack', 'sqlite3');"
        "sys.exit(any(name in sys.modules for name in libraries))"
    )
    root = Path(__file__).parents[3]
    assert subprocess.run([sys.executable, "-c", program], cwd=root, check=False).returncode == 0
