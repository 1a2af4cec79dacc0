"""`make bootstrap` makes what an account needs, and finds it made the second time."""

from __future__ import annotations

import faulthandler
import json
from pathlib import Path

import pytest

from tests.integration.infra.checkout import REGION, Checkout, CompletedMoto, client
from tests.integration.infra.policies import (
    OF_BOOTSTRAP,
    assert_policies_are_sound,
    find_policies,
)

pytestmark = pytest.mark.xdist_group("bootstrap")


def test_bootstrap_makes_the_bucket_of_its_own_state_and_all_else(tmp_path: Path) -> None:
    faulthandler.cancel_dump_traceback_later()  # S3's lifecycle rules take a minute
    with CompletedMoto() as server:
        checkout = Checkout(tmp_path, server.url)
        checkout.make("bootstrap")
        bucket, s3 = f"bellpull-state-123456789012-{REGION}", client(server.url, "s3")
        assert s3.get_bucket_versioning(Bucket=bucket)["Status"] == "Enabled"
        closed = s3.get_public_access_block(Bucket=bucket)["PublicAccessBlockConfiguration"]
        assert all(closed.values())
        keys = [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]]
        assert keys == ["bootstrap.tfstate"]
        (repository,) = client(server.url, "ecr").describe_repositories()["repositories"]
        assert repository["repositoryName"] == "bellpull"
        assert repository["imageTagMutability"] == "IMMUTABLE"
        state = json.loads(checkout.terraform("-chdir=bootstrap", "show", "-json"))["values"]
        assert len(find_policies(state)) == 5
        assert {key[0] for key in assert_policies_are_sound(state)} == OF_BOOTSTRAP
        assert "0 added, 0 changed, 0 destroyed" in checkout.make("bootstrap")
