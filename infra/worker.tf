# The fleet: ECS Fargate. The image is built by `make deploy`; its repository belongs to the
# account, not to an environment (bootstrap/), so that prod runs the very image that dev ran.

locals {
  # ECS kills this long after SIGTERM; the worker gives its jobs back a little before.
  stop_timeout_seconds = 120 # the most that Fargate allows, and the notice that Spot gives
  grace_seconds        = local.stop_timeout_seconds - 15

  # What a container of the image is like, be it a worker's or the migration's.
  container = {
    name                   = "worker"
    image                  = var.image
    essential              = true
    user                   = "10001:10001"
    readonlyRootFilesystem = !var.enable_exec # a shell needs to write
    privileged             = false
    mountPoints            = [{ sourceVolume = "tmp", containerPath = "/tmp", readOnly = false }]
    volumesFrom            = []
    portMappings           = []
    systemControls         = []

    linuxParameters = {
      initProcessEnabled = true # reaps what a killed pool process leaves behind
      capabilities       = { add = [], drop = ["ALL"] }
    }

    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.worker.name
        awslogs-region        = var.region
        awslogs-stream-prefix = "worker"
      }
    }
  }
}

resource "aws_ecs_cluster" "this" {
  # checkov:skip=CKV_AWS_65: container_insights decides it: each metric has its price
  name = local.name

  setting {
    name  = "containerInsights"
    value = var.container_insights ? "enabled" : "disabled"
  }
}

resource "aws_ecs_cluster_capacity_providers" "this" {
  cluster_name       = aws_ecs_cluster.this.name
  capacity_providers = ["FARGATE", "FARGATE_SPOT"]
}

resource "aws_ecs_task_definition" "worker" {
  family                   = "${local.name}-worker"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.worker_cpu
  memory                   = var.worker_memory_mb
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.worker.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = upper(var.worker_architecture)
  }

  # The root file system is read-only; this is what may be written to.
  volume {
    name = "tmp"
  }

  container_definitions = jsonencode([merge(local.container, {
    command     = ["celery", "-A", "worker", "worker", "-l", "info", "--concurrency", tostring(var.worker_concurrency)]
    stopTimeout = local.stop_timeout_seconds
    secrets     = [for name, arn in var.worker_secrets : { name = name, valueFrom = arn }]

    # Sorted, as the provider compares lists.
    environment = [
      for name, value in merge(local.environment, {
        AWS_REGION             = var.region
        SHUTDOWN_GRACE_SECONDS = tostring(local.grace_seconds)
        HEALTH_FILE            = "/tmp/worker-health"
      }) : { name = name, value = value }
    ]

    healthCheck = {
      command     = ["CMD", "python", "-m", "worker.health"]
      interval    = 30
      timeout     = 10
      retries     = 3
      startPeriod = 60
    }
  })])
}

resource "aws_ecs_service" "worker" {
  name            = "worker"
  cluster         = aws_ecs_cluster.this.id
  task_definition = aws_ecs_task_definition.worker.arn
  desired_count   = var.worker_min

  enable_execute_command             = var.enable_exec
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200
  availability_zone_rebalancing      = "ENABLED"
  propagate_tags                     = "SERVICE"

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = aws_subnet.private[*].id
    security_groups  = [aws_security_group.worker.id]
    assign_public_ip = false
  }

  dynamic "capacity_provider_strategy" {
    for_each = { for name, weight in { FARGATE = 100 - var.worker_spot_percent, FARGATE_SPOT = var.worker_spot_percent } : name => weight if weight > 0 }

    content {
      capacity_provider = capacity_provider_strategy.key
      weight            = capacity_provider_strategy.value
    }
  }

  lifecycle {
    ignore_changes = [desired_count] # scaling's
  }

  depends_on = [
    aws_ecs_cluster_capacity_providers.this,
    aws_iam_role_policy.execution,
    aws_iam_role_policy.worker,
    terraform_data.migration,
  ]
}

resource "aws_cloudwatch_log_group" "worker" {
  name              = "/bellpull/${var.env}/worker"
  retention_in_days = var.log_retention_days
}
