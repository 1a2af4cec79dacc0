# The bells: one SQS queue for each of the code's, and a dead-letter queue beside it.
# A test holds names and numbers against chalicelib/broker/queues.py.

locals {
  queues             = toset(["default", "network", "notifications"])
  visibility_seconds = 120
  wait_seconds       = 20
  max_receive_count  = 100
  retention_seconds  = 1209600

  # Written out, because a queue's policy names the queue itself.
  queue_arns = {
    for queue in local.queues : queue => "arn:${local.partition}:sqs:${local.arn_tail}:${local.name}-${queue}"
  }
  dead_letter_arns = { for queue, arn in local.queue_arns : queue => "${arn}-dead" }
}

resource "aws_sqs_queue" "this" {
  for_each = local.queues

  name                       = "${local.name}-${each.value}"
  visibility_timeout_seconds = local.visibility_seconds
  receive_wait_time_seconds  = local.wait_seconds
  message_retention_seconds  = local.retention_seconds
  sqs_managed_sse_enabled    = true

  redrive_policy = jsonencode({
    deadLetterTargetArn = aws_sqs_queue.dead_letter[each.value].arn
    maxReceiveCount     = local.max_receive_count
  })

  policy = jsonencode(merge(local.tls_only, { Statement = [merge(local.tls_only.Statement[0], {
    Resource = local.queue_arns[each.value]
  })] }))
}

resource "aws_sqs_queue" "dead_letter" {
  for_each = local.queues

  name                      = "${local.name}-${each.value}-dead"
  message_retention_seconds = local.retention_seconds
  sqs_managed_sse_enabled   = true

  redrive_allow_policy = jsonencode({
    redrivePermission = "byQueue"
    sourceQueueArns   = [local.queue_arns[each.value]]
  })

  policy = jsonencode(merge(local.tls_only, { Statement = [merge(local.tls_only.Statement[0], {
    Resource = local.dead_letter_arns[each.value]
  })] }))
}

locals {
  # Who may use a queue is said by roles; a queue itself only refuses what is not encrypted.
  tls_only = {
    Version = "2012-10-17"
    Statement = [{
      Sid       = "TlsOnly"
      Effect    = "Deny"
      Principal = "*"
      Action = [
        "sqs:ChangeMessageVisibility",
        "sqs:DeleteMessage",
        "sqs:GetQueueAttributes",
        "sqs:PurgeQueue",
        "sqs:ReceiveMessage",
        "sqs:SendMessage",
      ]
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
  }
}
