# Migrations: a one-off ECS task of the new image, run before the new code. If it fails, so does
# the apply, and what runs is still the old code on the schema that it knows. It logs in as the
# owner of the schema, and makes the user that the API and workers log in as.

locals {
  # Where a one-off task runs.
  task_home = {
    cluster         = aws_ecs_cluster.this.arn
    subnets         = aws_subnet.private[*].id
    security_groups = [aws_security_group.worker.id]
    log_group       = aws_cloudwatch_log_group.worker.name
    region          = var.region
  }
}

resource "aws_ecs_task_definition" "migration" {
  family                   = "${local.name}-migration"
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = 256
  memory                   = 512
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.migration.arn

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = upper(var.worker_architecture)
  }

  volume {
    name = "tmp"
  }

  container_definitions = jsonencode([merge(local.container, {
    command = ["python", "-m", "worker", "migrate"]

    environment = [
      for name, value in merge(
        local.environment,
        { AWS_REGION = var.region },
        var.database_iam_login ? {
          DATABASE_URL                  = "mysql+pymysql://${local.database_place}"
          DATABASE_IAM                  = "false"
          DATABASE_APPLICATION_IAM_USER = local.iam_user
        } : {},
        var.database_iam_login ? {} : { DATABASE_APPLICATION_SECRET_ARN = aws_secretsmanager_secret.application.arn },
        local.owner_secret_arn == null ? {} : { DATABASE_SECRET_ARN = local.owner_secret_arn },
      ) : { name = name, value = value }
    ]
  })])
}

resource "terraform_data" "migration" {
  count = var.run_migrations ? 1 : 0

  triggers_replace = [
    var.image,
    aws_db_instance.this.resource_id,
    aws_secretsmanager_secret.application.arn,
    var.database_iam_login, # another user
  ]

  input = merge(local.task_home, { task_definition = aws_ecs_task_definition.migration.arn })

  provisioner "local-exec" {
    working_dir = "${path.module}/.."
    command     = "${var.python} -m infra.deploy.migration"
    environment = { MIGRATION = jsonencode(self.input) }
  }

  depends_on = [
    aws_ecs_cluster_capacity_providers.this,
    aws_iam_role_policy.execution,
    aws_iam_role_policy.migration,
    aws_route.nat,
    aws_route_table_association.private,
    aws_vpc_endpoint.interface,
    aws_vpc_endpoint.s3,
    aws_vpc_security_group_egress_rule.database,
    aws_vpc_security_group_egress_rule.endpoints,
    aws_vpc_security_group_egress_rule.internet,
    aws_vpc_security_group_egress_rule.worker_s3,
    aws_vpc_security_group_ingress_rule.database,
    aws_vpc_security_group_ingress_rule.endpoints,
  ]
}

# ---------------------------------------------------------------------------------------------
# What it may do
# ---------------------------------------------------------------------------------------------

resource "aws_iam_role" "migration" {
  name               = "${local.name}-migration"
  description        = "Bellpull's migrations: read the password of the database's owner, keep the application's"
  assume_role_policy = local.assumed_by_tasks
}

resource "aws_iam_role_policy" "migration" {
  name = "migration"
  role = aws_iam_role.migration.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ReadPasswords"
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue"]
        Resource = compact([local.owner_secret_arn, aws_secretsmanager_secret.application.arn])
      },
      {
        Sid      = "KeepPasswordOfTheApplication"
        Effect   = "Allow"
        Action   = ["secretsmanager:PutSecretValue"]
        Resource = aws_secretsmanager_secret.application.arn
      },
    ]
  })
}
