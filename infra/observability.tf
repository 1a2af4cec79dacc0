# Where alarms go, the dashboard, and what it all may cost. The alarms themselves: alarms.tf

resource "aws_sns_topic" "alarms" {
  name              = "${local.name}-alarms"
  kms_master_key_id = aws_kms_key.alarms.arn
}

resource "aws_sns_topic_subscription" "alarms" {
  for_each = toset(var.alarm_emails)

  topic_arn = aws_sns_topic.alarms.arn
  protocol  = "email"
  endpoint  = each.value
}

# A key of our own, because CloudWatch may not use the one that SNS has.
resource "aws_kms_key" "alarms" {
  description             = "${local.name}: the topic of alarms"
  enable_key_rotation     = true
  deletion_window_in_days = 7

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid       = "Administer"
        Effect    = "Allow"
        Principal = { AWS = "arn:${local.partition}:iam::${local.account_id}:root" }
        Action = [
          "kms:CancelKeyDeletion",
          "kms:DescribeKey",
          "kms:DisableKey",
          "kms:EnableKey",
          "kms:EnableKeyRotation",
          "kms:GetKeyPolicy",
          "kms:GetKeyRotationStatus",
          "kms:ListResourceTags",
          "kms:PutKeyPolicy",
          "kms:ScheduleKeyDeletion",
          "kms:TagResource",
          "kms:UntagResource",
          "kms:UpdateKeyDescription",
        ]
        Resource = "*" # in a key's policy: this key
      },
      {
        Sid       = "Publish"
        Effect    = "Allow"
        Principal = { Service = "cloudwatch.amazonaws.com" }
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = "*"
        Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
      },
    ]
  })
}

# ---------------------------------------------------------------------------------------------
# The dashboard
# ---------------------------------------------------------------------------------------------

locals {
  # Title -> lines, each [namespace, metric, dimension, value, statistic].
  charts = {
    "How long jobs wait, seconds" = [["Bellpull", "OldestWaitingSeconds", "Deployment", local.name, "Maximum"]]
    "Jobs: waiting, running" = [
      ["Bellpull", "JobsWaiting", "Deployment", local.name, "Maximum"],
      ["Bellpull", "JobsRunning", "Deployment", local.name, "Maximum"],
    ]
    "Jobs a minute: ended, failed" = [
      ["Bellpull", "JobsEnded", "Deployment", local.name, "Maximum"],
      ["Bellpull", "JobsFailed", "Deployment", local.name, "Maximum"],
    ]
    "Circuit breakers that are open" = [
      ["Bellpull", "CircuitBreakersOpen", "Deployment", local.name, "Maximum"],
    ]
    "Workers, and backlog per worker" = [
      ["Bellpull", "Workers", "Deployment", local.name, "Maximum"],
      ["Bellpull", "BacklogPerWorker", "Deployment", local.name, "Average"],
    ]
    "Requests, 4xx, 5xx" = [
      for metric in ["Count", "4XXError", "5XXError"] : ["AWS/ApiGateway", metric, "ApiName", local.name, "Sum"]
    ]
    "Latency of the API, ms" = [
      for statistic in ["p50", "p99"] : ["AWS/ApiGateway", "Latency", "ApiName", local.name, statistic]
    ]
    "Messages that wait" = [
      for queue in local.queues : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "${local.name}-${queue}", "Maximum"]
    ]
    "Dead letters" = [
      for queue in local.queues : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", "${local.name}-${queue}-dead", "Maximum"]
    ]
    "Database: CPU %, connections" = [
      for metric in ["CPUUtilization", "DatabaseConnections"] : ["AWS/RDS", metric, "DBInstanceIdentifier", local.name, "Maximum"]
    ]
    "Functions at once" = [
      ["AWS/Lambda", "ConcurrentExecutions", "FunctionName", "${local.name}-api", "Maximum"],
    ]
  }
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = local.name

  dashboard_body = jsonencode({
    widgets = [
      for index, title in keys(local.charts) : {
        type   = "metric"
        x      = 12 * (index % 2)
        y      = 6 * floor(index / 2)
        width  = 12
        height = 6
        properties = {
          title   = title
          region  = var.region
          period  = 60
          metrics = [for line in local.charts[title] : concat(slice(line, 0, 4), [{ stat = line[4] }])]
        }
      }
    ]
  })
}

# ---------------------------------------------------------------------------------------------
# Money
# ---------------------------------------------------------------------------------------------

resource "aws_budgets_budget" "this" {
  count = var.monthly_budget_usd == null ? 0 : 1

  name         = local.name
  budget_type  = "COST"
  time_unit    = "MONTHLY"
  limit_amount = tostring(var.monthly_budget_usd)
  limit_unit   = "USD"

  cost_filter {
    name = "TagKeyValue"
    # Not "$${var.env}": that is an escape, and says the variable's name in the place of its value.
    values = [format("user:Environment$%s", var.env)]
  }

  dynamic "notification" {
    for_each = length(var.alarm_emails) > 0 ? [80, 100] : []

    content {
      comparison_operator        = "GREATER_THAN"
      threshold                  = notification.value
      threshold_type             = "PERCENTAGE"
      notification_type          = "FORECASTED"
      subscriber_email_addresses = var.alarm_emails
    }
  }
}
