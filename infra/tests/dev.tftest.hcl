# What dev is made of: terraform test -var-file=dev.tfvars -filter=tests/dev.tftest.hcl

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  env            = "dev"
  image          = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/bellpull:abc"
  package_folder = "./tests/package"
  run_migrations = false
}

run "dev" {
  assert {
    condition     = aws_appautoscaling_target.worker.min_capacity == 0 && aws_ecs_service.worker.desired_count == 0
    error_message = "An idle environment must not cost a worker."
  }

  assert {
    condition     = length(aws_nat_gateway.this) == 0 && length(aws_internet_gateway.this) == 0
    error_message = "There must be no way out to the internet unless it is asked for."
  }

  assert {
    condition     = !aws_db_instance.this.publicly_accessible && aws_db_instance.this.storage_encrypted
    error_message = "The database must be encrypted and private."
  }

  assert {
    condition     = aws_db_instance.this.manage_master_user_password && aws_db_instance.this.password == null
    error_message = "RDS keeps the database's password; state must not hold one."
  }

  assert {
    condition     = contains([for parameter in aws_db_parameter_group.this.parameter : "${parameter.name}=${parameter.value}"], "require_secure_transport=1")
    error_message = "The database must refuse connections without TLS."
  }

  assert {
    condition     = contains([for parameter in aws_db_parameter_group.this.parameter : "${parameter.name}=${parameter.value}"], "log_output=FILE")
    error_message = "RDS exports the slow log only where MySQL writes it into a file."
  }

  assert {
    condition = alltrue([
      for queue in concat(values(aws_sqs_queue.this), values(aws_sqs_queue.dead_letter)) : queue.sqs_managed_sse_enabled
    ]) && aws_sns_topic.alarms.kms_master_key_id != null
    error_message = "Queues and the topic must be encrypted."
  }

  assert {
    condition     = alltrue([for rule in aws_vpc_security_group_ingress_rule.database : rule.cidr_ipv4 == null && rule.from_port == 3306])
    error_message = "The database answers groups, never addresses."
  }

  assert {
    condition     = aws_default_security_group.this.ingress == null || length(aws_default_security_group.this.ingress) == 0
    error_message = "The default security group must be empty."
  }

  assert {
    condition     = !aws_ecs_service.worker.enable_execute_command && !aws_ecs_service.worker.network_configuration[0].assign_public_ip
    error_message = "No shell in workers, and no public address, unless asked for."
  }

  assert {
    condition = alltrue([
      for container in jsondecode(aws_ecs_task_definition.worker.container_definitions) :
      container.readonlyRootFilesystem && !startswith(container.user, "0") && container.linuxParameters.capabilities.drop == ["ALL"]
    ])
    error_message = "Workers run without root, capabilities and a writable file system."
  }

  assert {
    condition = alltrue([
      for container in jsondecode(aws_ecs_task_definition.worker.container_definitions) : alltrue([
        for variable in container.environment :
        tonumber(variable.value) < container.stopTimeout if variable.name == "SHUTDOWN_GRACE_SECONDS"
      ])
    ])
    error_message = "A worker must have given its jobs back before ECS kills it."
  }

  assert {
    condition     = aws_lambda_function.this["api"].environment[0].variables.SQS_QUEUE_URL == "https://sqs.eu-central-1.amazonaws.com/123456789012/bellpull-mocked-{queue}"
    error_message = "The API must know the queues' URLs."
  }

  assert {
    condition     = [for strategy in aws_ecs_service.worker.capacity_provider_strategy : strategy.capacity_provider] == ["FARGATE_SPOT"]
    error_message = "All on Spot is all on Spot."
  }

  assert {
    condition     = toset(keys(aws_cloudwatch_event_rule.this)) == toset(["dispatch"]) && startswith(aws_cloudwatch_event_rule.this["dispatch"].name, "bellpull-dev-")
    error_message = "The dispatch is scheduled, under a name of this environment."
  }
}
