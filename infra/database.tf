# The record: RDS for MySQL 8.4. Its master password is made, kept and rotated by RDS in Secrets
# Manager; nobody types it, and Terraform's state does not hold it.

resource "aws_db_subnet_group" "this" {
  name        = local.name
  description = "Private subnets of ${local.name}"
  subnet_ids  = aws_subnet.private[*].id
}

resource "aws_db_parameter_group" "this" {
  name_prefix = "${local.name}-"
  family      = "mysql8.4"
  description = "What Bellpull needs of MySQL"

  dynamic "parameter" {
    for_each = {
      require_secure_transport       = "1" # TLS, or no connection
      character_set_server           = "utf8mb4"
      collation_server               = "utf8mb4_0900_ai_ci"
      transaction_isolation          = "READ-COMMITTED" # the code asks for it too: fewer gap locks
      innodb_flush_log_at_trx_commit = "1"              # a 202 is a promise
      sync_binlog                    = "1"
      slow_query_log                 = "1"
      long_query_time                = "1"
    }

    content {
      name         = parameter.key
      value        = parameter.value
      apply_method = "immediate" # all of them are dynamic
    }
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_db_instance" "this" {
  # checkov:skip=CKV_AWS_118: the alarms need no metric of the operating system
  # checkov:skip=CKV_AWS_161: the password is in Secrets Manager and changes by itself
  # checkov:skip=CKV2_AWS_69: require_secure_transport stands in the parameter group, in a dynamic block
  identifier     = local.name
  engine         = "mysql"
  engine_version = "8.4"
  instance_class = var.database_instance_class
  db_name        = "bellpull"

  username                    = "bellpull"
  manage_master_user_password = true

  storage_type          = "gp3"
  allocated_storage     = var.database_storage_gb
  max_allocated_storage = var.database_max_storage_gb
  storage_encrypted     = true

  multi_az               = var.database_multi_az
  db_subnet_group_name   = aws_db_subnet_group.this.name
  vpc_security_group_ids = [aws_security_group.database.id]
  parameter_group_name   = aws_db_parameter_group.this.name
  publicly_accessible    = false
  port                   = 3306

  backup_retention_period   = var.database_backup_days
  backup_window             = "02:00-03:00"
  maintenance_window        = "sun:03:30-sun:04:30"
  copy_tags_to_snapshot     = true
  deletion_protection       = var.protect_data
  skip_final_snapshot       = !var.protect_data
  final_snapshot_identifier = var.protect_data ? "${local.name}-final" : null

  auto_minor_version_upgrade      = true
  apply_immediately               = !var.protect_data
  enabled_cloudwatch_logs_exports = ["error", "slowquery"]
  performance_insights_enabled    = var.database_performance_insights

  depends_on = [aws_cloudwatch_log_group.database]
}

# RDS would make them itself, and keep what they hold for ever.
resource "aws_cloudwatch_log_group" "database" {
  for_each = toset(["error", "slowquery"])

  name              = "/aws/rds/instance/${local.name}/${each.value}"
  retention_in_days = var.log_retention_days
}

# ---------------------------------------------------------------------------------------------
# Migrations: a one-off ECS task of the new image, run before the new code. If it fails, so does
# the apply, and what runs is still the old code on the schema that it knows.
# ---------------------------------------------------------------------------------------------

resource "terraform_data" "migration" {
  count = var.run_migrations ? 1 : 0

  triggers_replace = [var.image, aws_db_instance.this.resource_id]

  input = {
    cluster         = aws_ecs_cluster.this.arn
    task_definition = aws_ecs_task_definition.worker.arn
    subnets         = aws_subnet.private[*].id
    security_groups = [aws_security_group.worker.id]
    log_group       = aws_cloudwatch_log_group.worker.name
    region          = var.region
  }

  provisioner "local-exec" {
    working_dir = "${path.module}/.."
    command     = "${var.python} -m infra.deploy.migration"
    environment = { MIGRATION = jsonencode(self.input) }
  }

  depends_on = [
    aws_ecs_cluster_capacity_providers.this,
    aws_iam_role_policy.execution,
    aws_iam_role_policy.worker,
    aws_route_table_association.private,
    aws_vpc_endpoint.interface,
    aws_vpc_endpoint.s3,
    aws_vpc_security_group_egress_rule.database,
    aws_vpc_security_group_egress_rule.endpoints,
    aws_vpc_security_group_egress_rule.worker_s3,
    aws_vpc_security_group_ingress_rule.database,
    aws_vpc_security_group_ingress_rule.endpoints,
  ]
}
