"""moto's server, with the answers that it lacks and that the AWS provider waits for.

`python aws_server.py -H 127.0.0.1 -p PORT`. What is deployed is not bent to an emulator: the
emulator is completed here, by keeping what it is told and telling it again.
"""

from __future__ import annotations

import copy
import json
import os
import sys
from pathlib import Path
from typing import Any

from moto.applicationautoscaling.responses import ApplicationAutoScalingResponse
from moto.awslambda.models import LambdaFunction
from moto.ec2.models.security_groups import SecurityGroupRule
from moto.ecs.models import EC2ContainerServiceBackend, Service
from moto.ecs.responses import EC2ContainerServiceResponse
from moto.iam.access_control import PermissionResult
from moto.rds.models import DBParameterGroup
from moto.s3.models import FakeBucket
from moto.server import main
from moto.sqs.models import Queue

#: Variable with a path: while there is a file, every task that is run ends with status 1.
TASKS_FAIL = "TASKS_FAIL"


def complete_sqs() -> None:
    """Which queues may use a queue for dead letters; and JSON without spaces, as SQS has it."""
    Queue.BASE_ATTRIBUTES = [*Queue.BASE_ATTRIBUTES, "RedriveAllowPolicy"]
    Queue.redrive_allow_policy = None
    told = Queue.attributes.fget

    def attributes(self: Any) -> dict[str, Any]:
        result: dict[str, Any] = told(self)
        if self.redrive_policy:
            result["RedrivePolicy"] = json.dumps(self.redrive_policy, separators=(",", ":"))
        return result

    Queue.attributes = property(attributes)


def complete_application_autoscaling() -> None:
    """Tags of scalable targets."""
    kept: dict[str, dict[str, str]] = {}
    register = ApplicationAutoScalingResponse.register_scalable_target

    def register_with_tags(self: Any) -> str:
        answer: str = register(self)
        arn = json.loads(answer)["ScalableTargetARN"]
        kept.setdefault(arn, {}).update(self._get_param("Tags") or {})
        return answer

    def list_tags(self: Any) -> str:
        return json.dumps({"Tags": kept.get(self._get_param("ResourceARN"), {})})

    ApplicationAutoScalingResponse.register_scalable_target = register_with_tags
    ApplicationAutoScalingResponse.list_tags_for_resource = list_tags


def complete_rds() -> None:
    """Who set a parameter: whoever asked to."""
    update = DBParameterGroup.update_parameters

    def update_by_user(self: Any, parameters: Any) -> None:
        update(self, [{**parameter, "Source": "user"} for parameter in parameters])

    DBParameterGroup.update_parameters = update_by_user


def complete_ecs() -> None:
    """How a service is deployed; tasks whose memory is said for the whole; tasks that fail."""
    calculate = EC2ContainerServiceBackend._calculate_task_resource_requirements
    describe = EC2ContainerServiceBackend.describe_tasks

    def calculate_for_task(task: Any) -> Any:
        whole = copy.copy(task)
        whole.container_definitions = [{"memory": 0, **c} for c in task.container_definitions]
        return calculate(whole)

    def describe_tasks(self: Any, *arguments: Any, **named: Any) -> Any:
        tasks = describe(self, *arguments, **named)
        for container in [container for task in tasks for container in task.containers]:
            container.exitCode = int(Path(os.environ[TASKS_FAIL]).exists())
        return tasks

    EC2ContainerServiceBackend._calculate_task_resource_requirements = staticmethod(
        calculate_for_task
    )
    EC2ContainerServiceBackend.describe_tasks = describe_tasks
    create = EC2ContainerServiceResponse.create_service

    def create_service(self: Any) -> Any:
        answer = create(self)
        service: Service = answer.result["service"]
        service.launch_type = self._get_param("launchType")
        service.capacity_provider_strategy = self._get_param("capacityProviderStrategy") or []
        service.deployment_configuration = self._get_param("deploymentConfiguration")
        service.enable_execute_command = self._get_param("enableExecuteCommand")
        service.availability_zone_rebalancing = self._get_param("availabilityZoneRebalancing")
        return answer

    EC2ContainerServiceResponse.create_service = create_service


def complete_ec2() -> None:
    """What rules are for that name a group or a list of prefixes, not addresses."""
    make = SecurityGroupRule.__init__

    def make_with_description(self: Any, *arguments: Any, **named: Any) -> None:
        make(self, *arguments, **named)
        given = [each for each in (*arguments, *named.values()) if isinstance(each, dict)]
        found = [each["Description"] for each in given if each.get("Description")]
        self.told = found[0] if found else None

    SecurityGroupRule.__init__ = make_with_description
    SecurityGroupRule.description = property(lambda self: self.told)


def complete_lambda() -> None:
    """Where a function logs."""
    make, get = LambdaFunction.__init__, LambdaFunction.get_configuration

    def make_with_logging(self: Any, *arguments: Any, **named: Any) -> None:
        make(self, *arguments, **named)
        spec = named["spec"] if "spec" in named else arguments[1]
        self.logging_config = spec.get("LoggingConfig")

    def get_with_logging(self: Any, on_create: bool = False) -> dict[str, Any]:
        return {**get(self, on_create), "LoggingConfig": self.logging_config}

    LambdaFunction.__init__ = make_with_logging
    LambdaFunction.get_configuration = get_with_logging


def complete_s3() -> None:
    """Policies of buckets: ours deny what is not encrypted, and moto skips their conditions."""

    def permit(self: Any, action: str, resource: str) -> Any:
        return PermissionResult.NEUTRAL

    FakeBucket.get_permission = permit


if __name__ == "__main__":
    for complete in (
        complete_sqs,
        complete_application_autoscaling,
        complete_rds,
        complete_ec2,
        complete_ecs,
        complete_lambda,
        complete_s3,
    ):
        complete()
    main(sys.argv[1:])
