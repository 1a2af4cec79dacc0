"""Runs a one-off ECS task of the workers' image and waits for its end; migrations above all.

Terraform calls `python -m infra.deploy.migration` between the database and the new code, with
what the task needs as JSON in MIGRATION. If the task fails, so does the apply, and the old code
runs on.
"""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.deploy.errors import DeployError, say

_POLL_SECONDS = 3.0
_LOG_LOOKS = 5
#: An index on a large table takes its time.
_LONGEST_SECONDS = 2 * 3600.0


@dataclass(frozen=True)
class WorkerTask:
    """Where and how a task of the workers' image runs; Terraform's output worker_task."""

    cluster: str
    task_definition: str
    subnets: list[str]
    security_groups: list[str]
    log_group: str
    region: str


def main() -> int:
    """Migrate the database that is being deployed; answers the exit status."""
    try:
        run_task(WorkerTask(**json.loads(os.environ["MIGRATION"])), _MIGRATE)
    except DeployError as error:
        sys.stderr.write(f"The database was not migrated, and the new code is not run: {error}\n")
        return 1
    return 0


_MIGRATE = ["python", "-m", "worker", "migrate"]


def run_task(
    where: WorkerTask,
    command: list[str],
    *,
    ecs: Any = None,
    logs: Any = None,
    pause: Callable[[float], None] = time.sleep,
) -> None:
    """Run `command` in the network and print what it printed.

    Raises:
        DeployError: it could not be started, did not end, or ended with another status than 0.
    """
    ecs = ecs or boto3.client("ecs", region_name=where.region)
    logs = logs or boto3.client("logs", region_name=where.region)
    try:
        arn = _start(ecs, where, command)
        say(f"Waiting for {' '.join(command)} (task {arn.rpartition('/')[2]})")
        task = _wait(ecs, where, arn, pause)
        for line in _read_log(logs, where, arn, pause):
            sys.stdout.write(f"   {line}\n")
    except (BotoCoreError, ClientError) as error:
        raise DeployError(f"The task of the worker's image failed: {error}") from error
    _check(task, where)


def _start(ecs: Any, where: WorkerTask, command: list[str]) -> str:
    answer = ecs.run_task(
        cluster=where.cluster,
        taskDefinition=where.task_definition,
        launchType="FARGATE",
        networkConfiguration={
            "awsvpcConfiguration": {
                "subnets": where.subnets,
                "securityGroups": where.security_groups,
                "assignPublicIp": "DISABLED",
            }
        },
        overrides={"containerOverrides": [{"name": "worker", "command": command}]},
        startedBy="bellpull-deploy",
    )
    if not answer["tasks"]:
        reasons = ", ".join(failure.get("reason", "unknown") for failure in answer["failures"])
        raise DeployError(f"ECS did not start the task: {reasons}")
    return str(answer["tasks"][0]["taskArn"])


def _wait(ecs: Any, where: WorkerTask, arn: str, pause: Callable[[float], None]) -> Any:
    status = None
    for _ in range(int(_LONGEST_SECONDS / _POLL_SECONDS)):
        task = ecs.describe_tasks(cluster=where.cluster, tasks=[arn])["tasks"][0]
        if task["lastStatus"] != status:
            status = task["lastStatus"]
            say(f"ECS: {status}")
        if status == "STOPPED":
            return task
        pause(_POLL_SECONDS)
    raise DeployError(f"The task {arn} has not ended: look at it, and stop it, in ECS.")


def _read_log(logs: Any, where: WorkerTask, arn: str, pause: Callable[[float], None]) -> list[str]:
    """The task's lines, for which the log is waited for a moment; none if it never started."""
    stream = f"worker/worker/{arn.rpartition('/')[2]}"
    for _ in range(_LOG_LOOKS):
        try:
            answer = logs.get_log_events(
                logGroupName=where.log_group, logStreamName=stream, startFromHead=True
            )
            if answer["events"]:
                return [event["message"] for event in answer["events"]]
        except logs.exceptions.ResourceNotFoundException:
            pass
        pause(_POLL_SECONDS)
    return []


def _check(task: Any, where: WorkerTask) -> None:
    container: dict[str, Any] = next(iter(task["containers"]), {})
    status = container.get("exitCode")
    if status == 0:
        return
    reason = container.get("reason") or task.get("stoppedReason") or "no reason was given"
    what = "It never ran" if status is None else f"It ended with status {status}"
    raise DeployError(f"{what}: {reason}. Its log is in {where.log_group}.")


if __name__ == "__main__":
    sys.exit(main())
