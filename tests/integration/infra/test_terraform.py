"""Terraform's files are well-formed, valid for the provider, and say what they should."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from chalicelib.broker.queues import QUEUES
from chalicelib.settings import read_settings
from infra.cost.__main__ import SIZES
from infra.cost.month import read_prices
from tests.integration.infra.policies import (
    EXCEPTIONS,
    OF_BOOTSTRAP,
    OF_TOKENS,
    assert_policies_are_sound,
    find_policies,
    lint,
)
from tests.integration.infra.terraform_room import ROOT, TerraformRoom, find_plugins

#: Target tracking makes two alarms of its own.
SCALING_ALARMS = 2

NAMES = ("alarm_name", "dashboard_name", "function_name", "identifier", "name", "name_prefix")
NAMED_WITHIN_ANOTHER = {
    "aws_ecs_service",
    "aws_iam_role_policy",
    "aws_lambda_alias",
    "aws_route53_record",
}

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
    (state,) = run_tests(room, name, *[f"-var-file={file}" for file in values]).values()
    check_costs(name, state)
    check_names("dev" if name == "dev" else "prod", state)
    policies = find_policies(state)
    assert len(policies) >= 4 * 2 + len(QUEUES) * 2 + 1  # of roles and of queues, and the key's
    expected = {key for key in EXCEPTIONS if key[0] not in OF_BOOTSTRAP}
    assert assert_policies_are_sound(state) == (
        expected | OF_TOKENS if name == "policies" else expected
    )


def run_tests(room: TerraformRoom, name: str, *arguments: str) -> dict[str, dict[str, Any]]:
    """What each run of a file leaves behind, by the name of the run; all of them have passed."""
    told = room("test", "-json", "-verbose", f"-filter=tests/{name}.tftest.hcl", *arguments)
    lines = [json.loads(line) for line in told.splitlines() if line.startswith("{")]
    (summary,) = [line["test_summary"] for line in lines if line["type"] == "test_summary"]
    assert (summary["status"], summary["failed"]) == ("pass", 0)
    return {line["@testrun"]: line["test_state"] for line in lines if line["type"] == "test_state"}


def test_everybody_finds_the_login_that_is_meant(room: TerraformRoom) -> None:
    states = run_tests(room, "options")
    for name, has_password in (("passwords", True), ("tokens", False)):
        api, worker, migration = read_environments(states[name])
        for settings in (read_settings(api), read_settings(worker)):
            assert (settings.database_secret_arn is not None) == has_password
            assert (settings.iam_region is None) == has_password
        owner = read_settings(migration)
        assert owner.iam_region is None
        assert ":secret:rds!" in str(owner.database_secret_arn)
        made = owner.database_application_secret_arn or owner.database_application_iam_user
        assert made == (read_settings(api).database_secret_arn if has_password else "bellpull_iam")
        assert (f"//{made}@" in worker["DATABASE_URL"]) != has_password
        assert "@" not in owner.database_url


def read_environments(state: dict[str, Any]) -> list[dict[str, str]]:
    """Of the API, of workers and of the migration."""
    values = {each["address"]: each["values"] for each in state["root_module"]["resources"]}
    found = [values['aws_lambda_function.this["api"]']["environment"][0]["variables"]]
    for name in ("worker", "migration"):
        task = values[f"aws_ecs_task_definition.{name}"]
        (container,) = json.loads(task["container_definitions"])
        found.append({each["name"]: each["value"] for each in container["environment"]})
    return found


def test_values_that_make_no_sense_are_refused(room: TerraformRoom) -> None:
    told = room("test", "-no-color", "-filter=tests/refusals.tftest.hcl")
    assert re.search(r"\b3 passed, 0 failed", told), told


def check_costs(name: str, state: dict[str, Any]) -> None:
    """What docs/cost.md is computed from is what is planned."""
    resources: dict[str, list[dict[str, Any]]] = {}
    for resource in state["root_module"]["resources"]:
        resources.setdefault(resource["type"], []).append(resource["values"])
    worker = next(
        task for task in resources["aws_ecs_task_definition"] if task["family"].endswith("-worker")
    )
    (database,), (service,) = resources["aws_db_instance"], resources["aws_ecs_service"]
    for size in SIZES[:2]:
        if size.name == f"{name}, idle":
            assert size.alarms == len(resources["aws_cloudwatch_metric_alarm"]) + SCALING_ALARMS
            endpoints = [each["subnet_ids"] or [] for each in resources["aws_vpc_endpoint"]]
            assert size.endpoints == sum(map(len, endpoints))
            assert size.instance_class == database["instance_class"]
            assert size.instances == 1 + database["multi_az"]
            assert size.storage_gb == database["allocated_storage"]
            assert size.worker_vcpu == int(worker["cpu"]) / 1024
            assert size.worker_gb == int(worker["memory"]) / 1024
            assert size.workers_at_least == service["desired_count"]
    owned = len(resources["aws_secretsmanager_secret"]) + database["manage_master_user_password"]
    assert read_prices()["assumptions"]["secrets"] == owned


def check_names(env: str, state: dict[str, Any]) -> None:
    """No environment takes the name of another's resource: they share the account."""
    for resource in state["root_module"]["resources"]:
        if resource["mode"] == "data" or resource["type"] in NAMED_WITHIN_ANOTHER:
            continue
        names = {resource["values"].get(attribute) for attribute in NAMES} - {None}
        for name in names:
            was_made_up = re.fullmatch(r"[0-9a-z]{8}", name)  # by the mocked provider
            has_env = f"bellpull-{env}" in name or f"/bellpull/{env}/" in name
            assert was_made_up or has_env, f"{resource['address']} is named {name}"


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
        blocks = re.findall(
            r'^(variable|output) "(\w+)" \{\n(.*?)^\}', text, re.MULTILINE | re.DOTALL
        )
        assert len(blocks) == len(re.findall(r"^(?:variable|output)\b", text, re.MULTILINE)), path
        assert blocks or path.name not in ("variables.tf", "outputs.tf")
        for kind, name, body in blocks:
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
