# What ECS and the workers may do: no action with a wildcard, and a resource "*" only where AWS
# has no narrower form.

# ---------------------------------------------------------------------------------------------
# What ECS may do to start a worker
# ---------------------------------------------------------------------------------------------

locals {
  assumed_by_tasks = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
    }]
  })

  # 123456789012.dkr.ecr.eu-central-1.amazonaws.com/bellpull@sha256:... -> bellpull
  image_repository = regex("^[^/]+/([^:@]+)", var.image)[0]
}

resource "aws_iam_role" "execution" {
  name               = "${local.name}-execution"
  description        = "ECS itself: pulls Bellpull's image, writes its logs"
  assume_role_policy = local.assumed_by_tasks
}

resource "aws_iam_role_policy" "execution" {
  name = "execution"
  role = aws_iam_role.execution.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat([
      {
        Sid      = "LogInToEcr" # a token for the account's registry: there is no resource to name
        Effect   = "Allow"
        Action   = ["ecr:GetAuthorizationToken"]
        Resource = "*"
      },
      {
        Sid      = "PullImage"
        Effect   = "Allow"
        Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = "arn:${local.partition}:ecr:${local.arn_tail}:repository/${local.image_repository}"
      },
      {
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.worker.arn}:*"
      },
      ],
      length(var.worker_secrets) == 0 ? [] : [{
        Sid    = "ReadSecretsOfSettings"
        Effect = "Allow"
        Action = ["secretsmanager:GetSecretValue"]
        # An ARN has seven parts; a key of the secret may follow.
        Resource = distinct([for arn in values(var.worker_secrets) : join(":", slice(split(":", arn), 0, 7))])
      }],
    )
  })
}

# ---------------------------------------------------------------------------------------------
# What workers may do
# ---------------------------------------------------------------------------------------------

locals {
  # In every region of the account: UPSTREAM_BY_PROJECT may name others.
  load_balancer_arns = flatten([
    for pattern in concat(["bp-*"], var.adoptable_load_balancers) : [
      for kind in ["app", "net"] : "arn:${local.partition}:elasticloadbalancing:*:${local.account_id}:loadbalancer/${kind}/${pattern}/*"
    ]
  ])
}

resource "aws_iam_role" "worker" {
  name               = "${local.name}-worker"
  description        = "Bellpull's workers: hear and ring bells, log in to the database, drive the cloud"
  assume_role_policy = local.assumed_by_tasks
}

resource "aws_iam_role_policy" "worker" {
  name = "worker"
  role = aws_iam_role.worker.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = concat(
      [
        {
          Sid    = "HearAndRing"
          Effect = "Allow"
          Action = [
            "sqs:ChangeMessageVisibility",
            "sqs:DeleteMessage",
            "sqs:GetQueueAttributes",
            "sqs:ReceiveMessage",
            "sqs:SendMessage",
          ]
          Resource = values(local.queue_arns)
        },
        {
          Sid      = "Bury" # messages that nobody can work on
          Effect   = "Allow"
          Action   = ["sqs:SendMessage"]
          Resource = values(local.dead_letter_arns)
        },
        {
          Sid      = "RefuseScaleInWhileBusy"
          Effect   = "Allow"
          Action   = ["ecs:GetTaskProtection", "ecs:UpdateTaskProtection"]
          Resource = "arn:${local.partition}:ecs:${local.arn_tail}:task/${local.name}/*"
        },
      ],
      local.login_statements,
      [for statement in local.load_balancer_statements : statement if var.manage_load_balancers],
      [for statement in local.server_statements : statement if var.manage_servers],
      var.event_topic_arn == null ? [] : [{
        Sid      = "PublishEvents"
        Effect   = "Allow"
        Action   = ["sns:Publish"]
        Resource = replace(var.event_topic_arn, "{project_id}", "*")
      }],
      var.enable_exec ? [{
        Sid    = "Exec" # channels are made for each session: there is nothing to name
        Effect = "Allow"
        Action = [
          "ssmmessages:CreateControlChannel",
          "ssmmessages:CreateDataChannel",
          "ssmmessages:OpenControlChannel",
          "ssmmessages:OpenDataChannel",
        ]
        Resource = "*"
      }] : [],
    )
  })
}

locals {
  load_balancer_statements = [
    {
      Sid    = "LookAtLoadBalancers" # AWS has no narrower form of what only lists
      Effect = "Allow"
      Action = [
        "ec2:DescribeAccountAttributes",
        "ec2:DescribeAddresses",
        "ec2:DescribeInternetGateways",
        "ec2:DescribeSecurityGroups",
        "ec2:DescribeSubnets",
        "ec2:DescribeVpcs",
        "elasticloadbalancing:DescribeLoadBalancerAttributes",
        "elasticloadbalancing:DescribeLoadBalancers",
        "elasticloadbalancing:DescribeTags",
      ]
      Resource = "*"
    },
    {
      Sid    = "MakeLoadBalancers" # Bellpull's own have names that begin with bp-
      Effect = "Allow"
      Action = [
        "elasticloadbalancing:AddTags",
        "elasticloadbalancing:CreateLoadBalancer",
        "elasticloadbalancing:DeleteLoadBalancer",
        "elasticloadbalancing:ModifyLoadBalancerAttributes",
        "elasticloadbalancing:RemoveTags",
        "elasticloadbalancing:SetIpAddressType",
        "elasticloadbalancing:SetSecurityGroups",
        "elasticloadbalancing:SetSubnets",
      ]
      Resource = local.load_balancer_arns
    },
    {
      Sid      = "FirstLoadBalancerOfTheAccount"
      Effect   = "Allow"
      Action   = ["iam:CreateServiceLinkedRole"]
      Resource = "arn:${local.partition}:iam::${local.account_id}:role/aws-service-role/elasticloadbalancing.amazonaws.com/AWSServiceRoleForElasticLoadBalancing"
      Condition = {
        StringEquals = { "iam:AWSServiceName" = "elasticloadbalancing.amazonaws.com" }
      }
    },
  ]
}
