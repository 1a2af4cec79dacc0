"""Terraform's files are well-formed, valid for the provider, and say what they should."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from chalicelib.broker.queues import QUEUES
from tests.integration.infra.policies import (
    EXCEPTIONS,
    OF_BOOTSTRAP,
    assert_policies_are_sound,
    find_policies,
    lint,
)
from tests.integration.infra.terraform_room import ROOT, TerraformRoom, find_plugins

pytestmark = pytest.mark.xdist_group("terraform")


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> TerraformRoom:
    plugins = find_plugins()
    made = TerraformRoom(tmp_path_factory.mktemp("terraform") / "infra", plugins)
    made.init(".", "-backend=false")
    return made


def test_files_are_formatted(room: TerraformRoom) -> None:
    room("fmt", "-check", "-recursive")


def test_root_module_is_valid(room: TerraformRoom) -> None:
    assert "Success!" in room("validate", "-no-color")


def test_bootstrap_is_valid(room: TerraformRoom) -> None:
    room.init("bootstrap", "-backend=false")
    assert "Success!" in room("validate", "-no-color", within="bootstrap")


@pytest.mark.parametrize(
    ("name", "values"), [("dev", ["dev.tfvars"]), ("prod", ["prod.tfvars"]), ("policies", [])]
)
def test_plans_are_what_they_should_be_and_their_policies_sound(
    room: TerraformRoom, name: str, values: list[str]
) -> None:
    told = room(
        "test",
        "-json",
        "-verbose",
        f"-filter=tests/{name}.tftest.hcl",
        *[f"-var-file={file}" for file in values],
    )
    lines = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    (summary,) = [line["test_summary"] for line in lines if line["type"] == "test_summary"]
    assert (summary["status"], summary["failed"]) == ("pass", 0)
    (state,) = [line["test_state"] for line in lines if line["type"] == "test_state"]
    policies = find_policies(state)
    assert len(policies) >= 4 * 2 + len(QUEUES) * 2 + 1  # of roles and of queues, and the key's
    met = assert_policies_are_sound(state)
    assert met == {key for key in EXCEPTIONS if key[0] not in OF_BOOTSTRAP}


def test_linter_sees_what_a_policy_should_not_have() -> None:
    def issues(action: str, resource: str) -> set[str]:
        statement = {"Effect": "Allow", "Action": action, "Resource": resource}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        return {key[1] for key, _ in lint({"aws_iam_role_policy.x policy": policy})}

    queue = "arn:aws:sqs:eu-central-1:123456789012:x"
    assert issues("sqs:SendMessage", queue) == set()
    assert issues("sqs:SendMessage", "*") == {"RESOURCE_STAR"}
    assert issues("sqs:SentMessage", queue) == {"UNKNOWN_ACTION"}
    assert "RESOURCE_MISMATCH" in issues("s3:GetObject", queue)
    assert issues("iam:PassRole", "*") != set()


def test_every_variable_and_output_is_described_and_typed() -> None:
    for path in [*ROOT.glob("infra/*.tf"), *ROOT.glob("infra/bootstrap/*.tf")]:
        text = path.read_text(encoding="utf-8")
        for kind, name, body in re.findall(
            r'^(variable|output) "(\w+)" \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL
        ):
            assert "description = " in re.sub(r" +=", " =", body), f"{path}: {name}"
            assert kind == "output" or re.search(r"^  type +=", body, re.MULTILINE), name


def test_every_file_says_what_it_holds() -> None:
    for path in ROOT.glob("infra/**/*.tf*"):
        if ".terraform" not in str(path) and path.suffix in (".tf", ".tfvars", ".hcl"):
            assert path.read_text(encoding="utf-8").startswith("# "), path


def test_nothing_generated_is_kept_in_git() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "infra"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    if listed.returncode != 0:
        pytest.skip("not a checkout of git")
    files = [Path(name) for name in listed.stdout.splitlines()]
    assert not [path for path in files if ".tfstate" in path.name or path.parts[1] == ".package"]
