"""`make deploy`, `plan` and `destroy` for real: the AWS provider and an emulator.

What is deployed is what is applied here, with no override: AWS_ENDPOINT_URL leads the provider,
the state's bucket and boto3 to the emulator, whose gaps aws_server.py fills.
"""

from __future__ import annotations

import faulthandler
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest

from chalicelib.broker import queues
from chalicelib.settings import read_settings
from tests.integration.infra.checkout import REGION, Checkout, CompletedMoto, client
from tests.integration.infra.conftest import Package

pytestmark = pytest.mark.xdist_group("apply")


@pytest.fixture(scope="module")
def emulator() -> Iterator[CompletedMoto]:
    with CompletedMoto() as server:
        yield server


@pytest.fixture(scope="module")
def aws(emulator: CompletedMoto) -> str:
    return emulator.url


@pytest.fixture(scope="module")
def checkout(aws: str, package: Package, tmp_path_factory: pytest.TempPathFactory) -> Checkout:
    """In an account where `make bootstrap` would leave no more to be made."""
    made = Checkout(tmp_path_factory.mktemp("checkout"), aws)
    made.put_package(package.folder)
    ecr, s3, codebuild = (client(aws, name) for name in ("ecr", "s3", "codebuild"))
    bucket = f"bellpull-state-123456789012-{REGION}"
    assert "make bootstrap ENV=dev" in made.make("plan", expect=1)
    s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": REGION})
    ecr.create_repository(repositoryName="bellpull")
    codebuild.create_project(
        name="bellpull-image-x86_64",
        source={"type": "S3", "location": f"{bucket}/sources/none.zip"},
        artifacts={"type": "NO_ARTIFACTS"},
        environment={
            "type": "LINUX_CONTAINER",
            "image": "aws/codebuild/amazonlinux-x86_64-standard:5.0",
            "computeType": "BUILD_GENERAL1_SMALL",
        },
        serviceRole="arn:aws:iam::123456789012:role/builder",
    )
    return made


def test_environment_is_made_in_order_is_stable_follows_a_new_route_and_goes_away(
    checkout: Checkout, emulator: CompletedMoto, aws: str
) -> None:
    # The database alone takes longer than pytest waits before it thinks that a test hangs.
    faulthandler.cancel_dump_traceback_later()
    emulator.tasks_fail.touch()
    told = checkout.make("deploy", expect=1)
    assert "CodeBuild" in told
    assert (
        "The database was not migrated, and the new code is not run: It ended with status 1" in told
    )
    check_new_code_does_not_run(aws)

    emulator.tasks_fail.unlink()
    told = checkout.make("deploy")
    assert re.search(r"Apply complete! Resources: \d+ added, 0 changed, \d+ destroyed", told)
    outputs = json.loads(checkout.terraform("output", "-json"))
    check_queues(aws)
    check_functions_find_what_they_need(aws, outputs)

    unchanged = checkout.make("plan")
    assert "No changes." in unchanged, read_changes(unchanged)

    add_a_route(checkout)
    assert read_changes(checkout.make("plan")) == {
        "aws_api_gateway_rest_api.this": "updated in-place",
        "aws_api_gateway_deployment.this": "replaced",
        "aws_api_gateway_stage.this": "updated in-place",
    }

    assert "Destroy complete!" in checkout.make("destroy")
    assert client(aws, "sqs").list_queues().get("QueueUrls", []) == []


def read_changes(plan: str) -> dict[str, str]:
    """What a plan says of each resource that it changes."""
    return dict(re.findall(r"^  # (\S+) (?:will|must) be (.+)$", plan, re.MULTILINE))


def check_new_code_does_not_run(aws: str) -> None:
    """After a migration that failed."""
    assert client(aws, "lambda").list_functions()["Functions"] == []
    assert client(aws, "ecs").list_services(cluster="bellpull-dev")["serviceArns"] == []


def check_queues(aws: str) -> None:
    """The queues are those of the code, with its numbers."""
    sqs = client(aws, "sqs")
    names = {url.rpartition("/")[2] for url in sqs.list_queues()["QueueUrls"]}
    dead = {queues.dead_letter_queue(queue) for queue in queues.QUEUES}
    assert names == {f"bellpull-dev-{queue}" for queue in {*queues.QUEUES, *dead}}
    for queue in queues.QUEUES:
        url = sqs.get_queue_url(QueueName=f"bellpull-dev-{queue}")["QueueUrl"]
        found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
        assert found["VisibilityTimeout"] == str(queues.VISIBILITY_SECONDS)
        assert found["ReceiveMessageWaitTimeSeconds"] == str(queues.WAIT_SECONDS)
        assert found["SqsManagedSseEnabled"] == "true"
        redrive = json.loads(found["RedrivePolicy"])
        assert redrive["maxReceiveCount"] == queues.MAX_RECEIVE_COUNT
        assert redrive["deadLetterTargetArn"].endswith(f":bellpull-dev-{queue}-dead")
    sqs.close()


def check_functions_find_what_they_need(aws: str, outputs: Any) -> None:
    """Settings that the code can read, and that lead to what was made."""
    functions = client(aws, "lambda")
    for name in ("bellpull-dev-api", "bellpull-dev-dispatch"):
        found = functions.get_function_configuration(FunctionName=name)
        settings = read_settings(found["Environment"]["Variables"])
        assert settings.database_secret_arn == outputs["database_secret_arn"]["value"]
        for queue in queues.QUEUES:
            assert settings.queue_url(queue) == outputs["queue_urls"]["value"][queue]
        assert outputs["database_address"]["value"] in settings.database_url
        assert settings.deployment == "bellpull-dev"
    functions.close()


def add_a_route(checkout: Checkout) -> None:
    path = checkout.package / "gateway.json"
    document = json.loads(path.read_text(encoding="utf-8"))
    document["paths"]["/new"] = document["paths"]["/health"]
    path.write_text(json.dumps(document), encoding="utf-8")
