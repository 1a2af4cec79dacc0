"""What parliament, a linter of IAM policies, says of every policy in a state of Terraform's."""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterator
from typing import Any

with warnings.catch_warnings():
    warnings.simplefilter("ignore")  # it imports setuptools' pkg_resources, which is on its way out
    from parliament import analyze_policy_string

#: What is as it should be, though the linter frowns: (resource, finding) -> why.
EXCEPTIONS = {
    ("aws_iam_role_policy.api", "RESOURCE_STAR"): (
        "Lambda makes its network interfaces with this role and refuses roles with less; a second"
        " statement denies the code what Lambda may do"
    ),
    ("aws_iam_role_policy.api", "UNKNOWN_CONDITION_FOR_ACTION"): (
        "lambda:SourceFunctionArn is there for every call made from a function's code, whatever"
        " the service; the linter's list has it for Lambda's own actions alone"
    ),
    ("aws_iam_role_policy.execution", "CREDENTIALS_EXPOSURE"): (
        "the token is ECR's, and what it opens is said by the next statement"
    ),
    ("aws_iam_role_policy.worker", "PERMISSIONS_MANAGEMENT_ACTIONS"): (
        "one role of AWS's own, by its ARN, for Elastic Load Balancing alone: the first load"
        " balancer of an account needs it"
    ),
    ("aws_iam_role_policy.worker", "RESOURCE_MISMATCH"): (
        "a launch touches several kinds of resources, and only what it makes can carry our tag: one"
        " statement for those, one for the rest; the linter wants all kinds in each. The same for a"
        " server and the security groups it is put into"
    ),
    ("aws_kms_key.alarms", "RESOURCE_STAR"): "in a key's policy * is the key",
    ("aws_kms_key.alarms", "PERMISSIONS_MANAGEMENT_ACTIONS"): (
        "a key whose policy nobody may change is a key that nobody can take away"
    ),
    ("aws_iam_role_policy.builder", "CREDENTIALS_EXPOSURE"): "as for aws_iam_role_policy.execution",
    ("aws_iam_role_policy.gateway", "RESOURCE_STAR"): (
        "API Gateway takes no role that may write less than every log of the region"
    ),
}
#: Met only where `database_iam_login` is on: to log in to one database as one user, who may read
#: and write rows, counts as exposing credentials and as managing permissions.
OF_TOKENS = {
    ("aws_iam_role_policy.api", "CREDENTIALS_EXPOSURE"),
    ("aws_iam_role_policy.api", "PERMISSIONS_MANAGEMENT_ACTIONS"),
    ("aws_iam_role_policy.worker", "CREDENTIALS_EXPOSURE"),
}
#: Resources of infra/bootstrap.
OF_BOOTSTRAP = {"aws_iam_role_policy.builder", "aws_iam_role_policy.gateway"}


def find_policies(state: dict[str, Any]) -> dict[str, str]:
    """Every policy of a state as `terraform show -json` tells it: "ADDRESS ATTRIBUTE" -> JSON."""
    found = {}
    for resource in state["root_module"]["resources"]:
        address = resource["address"].partition("[")[0]
        for name, value in resource["values"].items():
            if isinstance(value, str) and '"Statement"' in value:
                found[f"{resource['address']} {name}"] = _with_resource(address, name, value)
    return found


def _with_resource(address: str, attribute: str, policy: str) -> str:
    """A role's trust policy does not say what it is about, and the linter asks: about the role."""
    if attribute != "assume_role_policy":
        return policy
    document = json.loads(policy)
    for statement in document["Statement"]:
        statement["Resource"] = f"arn:aws:iam::123456789012:role/{address.rpartition('.')[2]}"
    return json.dumps(document)


def lint(policies: dict[str, str]) -> Iterator[tuple[tuple[str, str], str]]:
    """Findings: (resource without index, finding), and the linter's words."""
    for name, policy in policies.items():
        told = analyze_policy_string(
            policy, ignore_private_auditors=True, include_community_auditors=True
        )
        for finding in told.findings:
            if name.endswith("assume_role_policy") and finding.issue == "CREDENTIALS_EXPOSURE":
                continue  # a role is there to be assumed; by whom, policies.tftest.hcl asserts
            address = name.partition(" ")[0].partition("[")[0]
            yield (address, finding.issue), f"{name}: {finding.issue} {finding.detail}"


def assert_policies_are_sound(state: dict[str, Any]) -> set[tuple[str, str]]:
    """No finding but the EXCEPTIONS and OF_TOKENS; answers those that were met."""
    findings = list(lint(find_policies(state)))
    bad = [words for key, words in findings if key not in EXCEPTIONS.keys() | OF_TOKENS]
    assert not bad, "\n".join(bad)
    return {key for key, _ in findings}
