# The record: RDS for MySQL 8.4, and who logs in to it: the owner of the schema for migrations
# (migration.tf), and a user with rights on rows alone for the API and workers. The passwords of
# both are in Secrets Manager; nobody types them, and Terraform's state does not hold them.

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
      log_output                     = "FILE" # RDS exports files; its own default are tables
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
  # checkov:skip=CKV2_AWS_69: require_secure_transport stands in the parameter group, in a dynamic block
  identifier     = local.name
  engine         = "mysql"
  engine_version = "8.4"
  instance_class = var.database_instance_class
  db_name        = "bellpull"

  username                    = "bellpull"
  manage_master_user_password = true

  # Always, because RDS switches it on only in the next maintenance window where apply_immediately is
  # off. It lets nobody in but users that were made for it.
  iam_database_authentication_enabled = true

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
# Logins
# ---------------------------------------------------------------------------------------------

locals {
  # RDS makes, keeps and rotates the owner's. A few emulators have none.
  owner_secret_arn = one(aws_db_instance.this.master_user_secret[*].secret_arn)

  database_place = "${aws_db_instance.this.address}:${aws_db_instance.this.port}/${aws_db_instance.this.db_name}"

  # A user of its own, so that those who still log in by the password are not shut out by a deploy.
  iam_user = "bellpull_iam"

  application_login = merge(
    { DATABASE_URL = "mysql+pymysql://${var.database_iam_login ? "${local.iam_user}@" : ""}${local.database_place}" },
    var.database_iam_login ? { DATABASE_IAM = "true" } : {},
    var.database_iam_login ? {} : { DATABASE_SECRET_ARN = aws_secretsmanager_secret.application.arn },
  )

  # What the roles of the API and of workers need for that. With tokens of IAM they keep the right to
  # the secret, for code that runs until a deploy has replaced it; without such code it is empty.
  login_statements = concat(
    [{
      Sid      = "ReadDatabasePassword"
      Effect   = "Allow"
      Action   = ["secretsmanager:GetSecretValue"]
      Resource = aws_secretsmanager_secret.application.arn
    }],
    var.database_iam_login ? [{
      Sid      = "LogInToDatabase"
      Effect   = "Allow"
      Action   = ["rds-db:connect"]
      Resource = "arn:${local.partition}:rds-db:${local.arn_tail}:dbuser:${aws_db_instance.this.resource_id}/${local.iam_user}"
    }] : [],
  )
}

# Made empty: the migration makes the user, and writes its password here.
resource "aws_secretsmanager_secret" "application" {
  # checkov:skip=CKV_AWS_149: Secrets Manager encrypts it with the account's key; roles say who may read it
  # checkov:skip=CKV2_AWS_57: `migrate --new-password` changes it, without a function that owns the schema at all times
  name_prefix = "${local.name}-database-" # a name stays taken for days after it is destroyed
  description = "Bellpull's API and workers: user and password in the database of ${var.env}"
}
