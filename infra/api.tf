# The API's functions: Chalice's handlers, one Lambda each, all from one zip.

locals {
  # What `make package` found in Chalice's output: handler, memory, timeout and schedule of each.
  package   = jsondecode(file("${local.package_folder}/functions.json"))
  functions = local.package.functions
  schedules = { for name, function in local.functions : name => function.schedule if function.schedule != null }

  # Versions and their alias exist for SnapStart and provisioned concurrency alone.
  has_alias = var.snap_start || var.provisioned_concurrency > 0
}

resource "aws_lambda_function" "this" {
  # checkov:skip=CKV_AWS_116: the gateway waits for the answer, and the next dispatch comes within a minute
  # checkov:skip=CKV_AWS_272: the zip is made where it is deployed from; signing adds a key and no second pair of eyes
  # checkov:skip=CKV_AWS_173: no secret is in the environment, and Lambda encrypts it with its own key
  for_each = local.functions

  function_name    = "${local.name}-${each.key}"
  description      = each.value.schedule == null ? "Bellpull's HTTP API" : "Bellpull: ${each.key}, ${each.value.schedule}"
  role             = aws_iam_role.api.arn
  runtime          = local.package.runtime
  architectures    = [local.package.architecture]
  handler          = each.value.handler
  memory_size      = each.value.memory_mb
  timeout          = each.value.timeout_seconds
  filename         = "${local.package_folder}/deployment.zip"
  source_code_hash = filebase64sha256("${local.package_folder}/deployment.zip")
  publish          = local.has_alias

  # Keeps one function from taking the account's concurrency, and the database's connections.
  reserved_concurrent_executions = each.value.schedule == null ? var.api_concurrency : min(1, var.api_concurrency)

  environment {
    variables = merge(local.environment, { DATABASE_POOL_SIZE = "1" })
  }

  vpc_config {
    subnet_ids         = aws_subnet.private[*].id
    security_group_ids = [aws_security_group.api.id]
  }

  logging_config {
    log_format = "Text" # the lines are JSON already: ours
    log_group  = aws_cloudwatch_log_group.function[each.key].name
  }

  tracing_config {
    mode = var.tracing ? "Active" : "PassThrough"
  }

  dynamic "snap_start" {
    for_each = var.snap_start ? [1] : []

    content {
      apply_on = "PublishedVersions"
    }
  }

  depends_on = [aws_iam_role_policy.api, terraform_data.migration]
}

resource "aws_cloudwatch_log_group" "function" {
  for_each = local.functions

  name              = "/aws/lambda/${local.name}-${each.key}"
  retention_in_days = var.log_retention_days
}

resource "aws_lambda_alias" "live" {
  count = local.has_alias ? 1 : 0

  name             = "live"
  description      = "What the gateway calls"
  function_name    = aws_lambda_function.this["api"].function_name
  function_version = aws_lambda_function.this["api"].version
}

resource "aws_lambda_provisioned_concurrency_config" "this" {
  count = var.provisioned_concurrency > 0 ? 1 : 0

  function_name                     = aws_lambda_function.this["api"].function_name
  qualifier                         = aws_lambda_alias.live[0].name
  provisioned_concurrent_executions = var.provisioned_concurrency
}

# ---------------------------------------------------------------------------------------------
# The scheduled dispatch
# ---------------------------------------------------------------------------------------------

resource "aws_cloudwatch_event_rule" "this" {
  for_each = local.schedules

  name                = "${local.name}-${each.key}"
  description         = "Calls ${local.name}-${each.key}"
  schedule_expression = each.value
}

resource "aws_cloudwatch_event_target" "this" {
  for_each = local.schedules

  rule      = aws_cloudwatch_event_rule.this[each.key].name
  target_id = "${local.name}-${each.key}"
  arn       = aws_lambda_function.this[each.key].arn
}

resource "aws_lambda_permission" "schedule" {
  for_each = local.schedules

  statement_id  = "AllowSchedule"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this[each.key].function_name
  principal     = "events.amazonaws.com"
  source_arn    = aws_cloudwatch_event_rule.this[each.key].arn
}

# The next one comes within a minute: none is tried again.
resource "aws_lambda_function_event_invoke_config" "schedule" {
  for_each = local.schedules

  function_name                = aws_lambda_function.this[each.key].function_name
  maximum_retry_attempts       = 0
  maximum_event_age_in_seconds = 60
}

# ---------------------------------------------------------------------------------------------
# What they may do
# ---------------------------------------------------------------------------------------------

resource "aws_iam_role" "api" {
  name        = "${local.name}-api"
  description = "Bellpull's functions: ring bells, look at dead letters, log in to the database, write logs"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "lambda.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role_policy" "api" {
  name = "api"
  role = aws_iam_role.api.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid      = "RingBells"
          Effect   = "Allow"
          Action   = ["sqs:SendMessage"]
          Resource = values(local.queue_arns)
        },
        {
          Sid    = "LookAtDeadLetters" # and move them back, over HTTP
          Effect = "Allow"
          Action = [
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage",
          ]
          Resource = values(local.dead_letter_arns)
        },
        {
          Sid      = "WriteLogs"
          Effect   = "Allow"
          Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
          Resource = [for group in aws_cloudwatch_log_group.function : "${group.arn}:*"]
        },
        {
          # Lambda makes its network interfaces with this role, before there is a resource to
          # name: AWS gives these actions no narrower form that works for creation and listing.
          Sid    = "JoinNetwork"
          Effect = "Allow"
          Action = [
            "ec2:AssignPrivateIpAddresses",
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:UnassignPrivateIpAddresses",
          ]
          Resource = "*"
        },
        {
          # So the code itself, as opposed to Lambda, can do none of it.
          Sid    = "NotFromTheCode"
          Effect = "Deny"
          Action = [
            "ec2:AssignPrivateIpAddresses",
            "ec2:CreateNetworkInterface",
            "ec2:DeleteNetworkInterface",
            "ec2:DescribeNetworkInterfaces",
            "ec2:DescribeSubnets",
            "ec2:UnassignPrivateIpAddresses",
          ]
          Resource = "*"
          Condition = {
            ArnLike = { "lambda:SourceFunctionArn" = "arn:${local.partition}:lambda:${local.arn_tail}:function:${local.name}-*" }
          }
        },
      ],
      local.login_statements,
      var.tracing ? [{
        Sid      = "Trace" # X-Ray has no resources to name
        Effect   = "Allow"
        Action   = ["xray:PutTelemetryRecords", "xray:PutTraceSegments"]
        Resource = "*"
      }] : [],
    )
  })
}
