"""Terraform repeats some names and numbers of the code: here they are compared."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from chalicelib.broker import queues
from chalicelib.domain.jobs import FINAL
from chalicelib.services.backlog import Backlog, QueueBacklog
from chalicelib.settings import Settings
from infra.cost.__main__ import BEGIN, END, make_table
from infra.cost.month import read_prices
from worker.metrics import COUNTERS, HISTOGRAMS

ROOT = Path(__file__).parents[2]
FILES = {path.name: path.read_text(encoding="utf-8") for path in ROOT.glob("infra/*.tf")}


def metrics_of_backlog() -> set[str]:
    nothing: dict[str, Any] = dict.fromkeys(Backlog.__struct_fields__, 0)
    nothing["queues"] = [QueueBacklog("default", 0, 0.0)]
    return set(Backlog(**nothing).metrics())


def read_number(name: str) -> int:
    found = re.search(rf"^  {name} += (\d+)$", FILES["queues.tf"], re.MULTILINE)
    assert found, name
    return int(found[1])


def test_files_are_those_that_the_root_module_lists() -> None:
    head = FILES["main.tf"].partition("# `make deploy")[0]
    listed = [
        word for line in re.findall(r"^#   (.+)$", head, re.MULTILINE) for word in line.split()
    ]
    assert sorted(f"{name}.tf" for name in [*listed, "main"]) == sorted(FILES)


def test_queues_are_those_of_the_code() -> None:
    found = re.search(r"^  queues += toset\(\[(.*)\]\)$", FILES["queues.tf"], re.MULTILINE)
    assert found
    assert re.findall(r'"([\w-]+)"', found[1]) == sorted(queues.QUEUES)
    assert queues.dead_letter_queue("x") == "x-dead"
    assert '-dead"' in FILES["queues.tf"]


def test_numbers_of_queues_are_those_of_the_code() -> None:
    assert read_number("visibility_seconds") == queues.VISIBILITY_SECONDS
    assert read_number("wait_seconds") == queues.WAIT_SECONDS
    assert read_number("max_receive_count") == queues.MAX_RECEIVE_COUNT
    assert read_number("retention_seconds") == queues.RETENTION_SECONDS


def test_variables_of_processes_are_settings() -> None:
    known = {name.upper() for name in Settings.__struct_fields__}
    for name in ("main.tf", "worker.tf", "api.tf", "migration.tf"):
        used = re.findall(r"\b([A-Z][A-Z0-9]*_[A-Z0-9_]+|DEPLOYMENT) += ", FILES[name])
        assert set(used) - {"FARGATE_SPOT"} <= known, name


def test_metrics_of_alarms_scaling_and_dashboard_are_written() -> None:
    written = metrics_of_backlog()
    used = set()
    for text in FILES.values():
        used |= set(re.findall(r'"Bellpull", "(\w+)", "Deployment"', text))
        used |= set(re.findall(r'namespace += "Bellpull",? +metric += "(\w+)"', text))
        used |= set(re.findall(r'namespace += "Bellpull"\n +metric_name += "(\w+)"', text))
    assert {"BacklogPerWorker", "BacklogWithoutWorkers", "OldestWaitingSeconds"} <= used
    assert used <= written


def test_runbook_has_a_section_for_every_alarm_and_no_other() -> None:
    text = FILES["alarms.tf"]
    names = re.findall(r"^ +([a-z][a-z0-9-]+) = \{\n +what ", text, re.MULTILINE)
    names += [f"{name}-QUEUE" for name in re.findall(r'"([a-z-]+)-\$\{queue\}" => ', text)]
    names += re.findall(r'alarm_name += "\$\{local\.name\}-([a-z-]+)"', text)
    names += re.findall(r'alarm_name += "\$\{local\.name\}-([a-z-]+)"', FILES["scaling.tf"])
    page = (ROOT / "docs/runbook.md").read_text(encoding="utf-8")
    sections = re.findall(r"^## ([a-z0-9-]+(?:-QUEUE)?)$", page, re.MULTILINE)
    assert sorted(sections) == sorted(names)


def test_every_price_has_its_source_and_every_metric_its_price() -> None:
    book = read_prices()
    sources = {word for names in book["source"] for word in names.split()}
    assert {re.split(r"[_.]", name)[0] for name in book["prices"]} <= sources
    of_queues = 2 * len(queues.QUEUES)
    of_workers = len(COUNTERS) - 1 + len(FINAL) + len(HISTOGRAMS)  # an end for each final state
    told = len(metrics_of_backlog()) + of_queues + of_workers
    assert book["assumptions"]["custom_metrics"] == told


def test_table_of_costs_is_the_one_that_is_computed() -> None:
    page = (ROOT / "docs/cost.md").read_text(encoding="utf-8")
    assert page.partition(BEGIN)[2].partition(END)[0] == make_table()


def find_calls(folder: str, pattern: str) -> set[str]:
    """Names of what boto3 is asked in the files of a folder, as IAM has them."""
    found = set()
    for path in (ROOT / folder).rglob("*.py"):
        found |= set(re.findall(pattern, path.read_text(encoding="utf-8")))
    names = {"".join(word.title() for word in name.split("_")) for name in found}
    return {name.removesuffix("Batch") for name in names}


def test_functions_may_do_what_the_code_asks_of_sqs() -> None:
    asked = find_calls("chalicelib", r"get_sqs\(\)\.(\w+)\(")
    assert "ReceiveMessage" in asked
    assert {name for name in asked if f'"sqs:{name}"' not in FILES["api.tf"]} == set()


def test_workers_may_do_what_the_code_asks_of_load_balancing_and_ec2() -> None:
    asked = find_calls("worker/upstream/aws", r"client\.([a-z]+_[a-z_]+)\(")
    assert {"CreateLoadBalancer", "RunInstances"} < asked
    balancers, servers = FILES["worker_permissions.tf"], FILES["server_permissions.tf"]
    assert {
        name
        for name in asked
        if f'"elasticloadbalancing:{name}"' not in balancers and f'"ec2:{name}"' not in servers
    } == set()


#: Endpoints that go by another name than boto3's clients.
ENDPOINTS = {"elbv2": "elasticloadbalancing"}


def test_every_service_that_the_code_calls_has_an_endpoint() -> None:
    """For a network without a way out: by default, or added where a setting asks for it."""
    called = set()
    for folder in ("chalicelib", "worker"):
        for path in (ROOT / folder).rglob("*.py"):
            text = path.read_text(encoding="utf-8")
            called |= set(re.findall(r'\b(?:create_client|client)\(\s*"([a-z0-9-]+)"', text))
            called |= set(re.findall(r'\bmake_client, "([a-z0-9-]+)"', text))
    assert {"ec2", "elbv2", "secretsmanager", "sns", "sqs"} <= called
    default = re.search(
        r'^variable "interface_endpoints" \{.*?default += \[(.*?)\]',
        FILES["variables.tf"],
        re.MULTILINE | re.DOTALL,
    )
    added = re.search(
        r"^  interface_endpoints = toset\((.*?)\n  \)\)$",
        FILES["network.tf"],
        re.MULTILINE | re.DOTALL,
    )
    assert default
    assert added
    endpoints = set(re.findall(r'"([a-z0-9.]+)"', default[1] + added[1]))
    assert {ENDPOINTS.get(service, service) for service in called} - endpoints == set()


def test_migration_waits_for_all_that_its_task_reaches() -> None:
    """In a new environment, or one whose way to AWS's services changes with the deploy."""
    declared = re.findall(r'^resource "(\w+)" "(\w+)"', FILES["network.tf"], re.MULTILINE)
    needed = {
        f"{kind}.{name}"
        for kind, name in declared
        if kind in ("aws_route", "aws_route_table_association", "aws_vpc_endpoint")
        or kind.endswith("gress_rule")
    }
    waits = re.search(
        r'^resource "terraform_data" "migration" .*?depends_on = \[(.*?)\]',
        FILES["migration.tf"],
        re.MULTILINE | re.DOTALL,
    )
    assert waits
    # The public subnets are the gateway's own, and the route out of them is what it waits for.
    by_gateway = {"aws_route.public", "aws_route_table_association.public"}
    assert needed - by_gateway <= set(re.findall(r"aws_[\w.]+", waits[1]))


def test_head_of_the_module_and_the_manual_name_every_file() -> None:
    head = FILES["main.tf"].partition("\nterraform {")[0]
    page = (ROOT / "docs/deploy.md").read_text(encoding="utf-8")
    for name in sorted(FILES):
        if name != "main.tf":
            assert re.search(rf"\b{name.removesuffix('.tf')}\b", head), name
        if name not in ("main.tf", "outputs.tf"):
            assert f"`{name}`" in page or f"`infra/{name}`" in page, name
