# Alarms that page for what users feel. docs/runbook.md says for each what to look at and what to
# do, under the alarm's name. `minutes` of the last `of` minutes have to be bad.

locals {
  metric_alarms = merge(
    {
      job-waits-too-long = {
        what       = "The oldest job that may run has waited for more than ${var.max_wait_seconds} seconds."
        namespace  = "Bellpull", metric = "OldestWaitingSeconds", dimensions = local.metric_dimensions
        statistic  = "Maximum", over = var.max_wait_seconds, minutes = 3, of = 5
        is_bad_gap = false
      }
      dispatcher-silent = {
        what       = "The dispatcher has measured nothing: it fails, or the database is away."
        namespace  = "Bellpull", metric = "JobsWaiting", dimensions = local.metric_dimensions
        statistic  = "Maximum", over = 1000000000, minutes = 5, of = 5
        is_bad_gap = true
      }
      circuit-breaker-open = {
        what       = "An upstream fails: its circuit breaker has been open for most of ten minutes, and its jobs wait."
        namespace  = "Bellpull", metric = "CircuitBreakersOpen", dimensions = local.metric_dimensions
        statistic  = "Maximum", over = 0, minutes = 8, of = 10
        is_bad_gap = false
      }
      api-throttled = {
        what       = "The API's function has reached its reserved concurrency: requests are refused."
        namespace  = "AWS/Lambda", metric = "Throttles", dimensions = { FunctionName = "${local.name}-api" }
        statistic  = "Sum", over = 0, minutes = 3, of = 5
        is_bad_gap = false
      }
      database-connections = {
        what       = "The database has more connections than ${var.database_max_connections * 0.8}."
        namespace  = "AWS/RDS", metric = "DatabaseConnections", dimensions = { DBInstanceIdentifier = local.name }
        statistic  = "Maximum", over = var.database_max_connections * 0.8, minutes = 5, of = 5
        is_bad_gap = false
      }
      database-cpu = {
        what       = "The database's CPU is busy for more than 85 %."
        namespace  = "AWS/RDS", metric = "CPUUtilization", dimensions = { DBInstanceIdentifier = local.name }
        statistic  = "Average", over = 85, minutes = 15, of = 15
        is_bad_gap = false
      }
    },
    {
      for queue in local.queues : "dead-letters-${queue}" => {
        what       = "Messages lie in the dead-letter queue of ${queue}."
        namespace  = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", dimensions = { QueueName = "${local.name}-${queue}-dead" }
        statistic  = "Maximum", over = 0, minutes = 1, of = 1
        is_bad_gap = false
      }
    },
    {
      for queue in local.queues : "oldest-message-${queue}" => {
        what       = "A message has been in ${queue} for more than ${2 * var.max_wait_seconds} seconds."
        namespace  = "AWS/SQS", metric = "ApproximateAgeOfOldestMessage", dimensions = { QueueName = "${local.name}-${queue}" }
        statistic  = "Maximum", over = 2 * var.max_wait_seconds, minutes = 5, of = 5
        is_bad_gap = false
      }
    },
    {
      for queue in local.queues : "depth-${queue}" => {
        what       = "More than ${var.max_queue_depth} messages wait in ${queue}."
        namespace  = "AWS/SQS", metric = "ApproximateNumberOfMessagesVisible", dimensions = { QueueName = "${local.name}-${queue}" }
        statistic  = "Maximum", over = var.max_queue_depth, minutes = 10, of = 10
        is_bad_gap = false
      }
    },
  )
}

resource "aws_cloudwatch_metric_alarm" "metric" {
  for_each = local.metric_alarms

  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = "${each.value.what} See docs/runbook.md."
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  period              = 60
  threshold           = each.value.over
  datapoints_to_alarm = each.value.minutes
  evaluation_periods  = each.value.of
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = each.value.is_bad_gap ? "breaching" : "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

resource "aws_cloudwatch_metric_alarm" "database_storage" {
  alarm_name          = "${local.name}-database-storage"
  alarm_description   = "The database has less than a tenth of its storage left. See docs/runbook.md."
  namespace           = "AWS/RDS"
  metric_name         = "FreeStorageSpace"
  dimensions          = { DBInstanceIdentifier = local.name }
  statistic           = "Minimum"
  period              = 300
  evaluation_periods  = 1
  threshold           = var.database_storage_gb * pow(1024, 3) / 10
  comparison_operator = "LessThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]
}

# What is a share, or a contradiction between two numbers.
locals {
  expression_alarms = {
    jobs-fail = {
      what       = "More than ${var.max_failure_percent} % of the jobs that ended have failed."
      expression = "IF(ended >= 10, 100 * failed / ended, 0)"
      over       = var.max_failure_percent, minutes = 5, of = 10
      metrics = {
        ended  = { namespace = "Bellpull", metric = "JobsEnded", dimensions = local.metric_dimensions, statistic = "Maximum" }
        failed = { namespace = "Bellpull", metric = "JobsFailed", dimensions = local.metric_dimensions, statistic = "Maximum" }
      }
    }
    no-progress = {
      what       = "Jobs wait, and no worker runs any."
      expression = "IF(waiting > 0 AND running == 0, 1, 0)"
      over       = 0, minutes = 10, of = 10
      metrics = {
        waiting = { namespace = "Bellpull", metric = "JobsWaiting", dimensions = local.metric_dimensions, statistic = "Minimum" }
        running = { namespace = "Bellpull", metric = "JobsRunning", dimensions = local.metric_dimensions, statistic = "Maximum" }
      }
    }
    api-5xx = {
      what       = "More than 1 % of requests were answered with a 5xx."
      expression = "IF(asked >= 10, 100 * errors / asked, 0)"
      over       = 1, minutes = 3, of = 5
      metrics = {
        asked  = { namespace = "AWS/ApiGateway", metric = "Count", dimensions = { ApiName = local.name }, statistic = "Sum" }
        errors = { namespace = "AWS/ApiGateway", metric = "5XXError", dimensions = { ApiName = local.name }, statistic = "Sum" }
      }
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "expression" {
  for_each = local.expression_alarms

  alarm_name          = "${local.name}-${each.key}"
  alarm_description   = "${each.value.what} See docs/runbook.md."
  threshold           = each.value.over
  datapoints_to_alarm = each.value.minutes
  evaluation_periods  = each.value.of
  comparison_operator = "GreaterThanThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_sns_topic.alarms.arn]
  ok_actions          = [aws_sns_topic.alarms.arn]

  metric_query {
    id          = "answer"
    label       = each.key
    expression  = each.value.expression
    return_data = true
  }

  dynamic "metric_query" {
    for_each = each.value.metrics

    content {
      id = metric_query.key

      metric {
        namespace   = metric_query.value.namespace
        metric_name = metric_query.value.metric
        dimensions  = metric_query.value.dimensions
        stat        = metric_query.value.statistic
        period      = 60
      }
    }
  }
}
