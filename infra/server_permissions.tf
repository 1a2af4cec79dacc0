# What workers may do to servers (EC2): make those that carry Bellpull's tag, change and destroy
# those and, of others, the ones that are named adoptable by their tags.

locals {
  ec2_arn = "arn:${local.partition}:ec2:*:${local.account_id}"

  changed_servers = concat(
    [{ sid = "ChangeServers", condition = { Null = { "aws:ResourceTag/bellpull:token" = "false" } } }],
    [for index, tag in keys(var.adoptable_servers) : {
      sid       = "ChangeAdoptedServers${index}"
      condition = { StringLike = { "aws:ResourceTag/${tag}" = var.adoptable_servers[tag] } }
    }],
  )

  server_statements = concat(
    [
      {
        Sid      = "LookAtServers" # AWS has no narrower form of what only lists
        Effect   = "Allow"
        Action   = ["ec2:DescribeInstances"]
        Resource = "*"
      },
      {
        Sid       = "LaunchTaggedServers"
        Effect    = "Allow"
        Action    = ["ec2:RunInstances"]
        Resource  = ["${local.ec2_arn}:instance/*", "${local.ec2_arn}:volume/*"]
        Condition = { Null = { "aws:RequestTag/bellpull:token" = "false" } }
      },
      {
        Sid    = "LaunchServersOutOf" # what a launch uses, and the interface that it makes
        Effect = "Allow"
        Action = ["ec2:RunInstances"]
        Resource = concat(["arn:${local.partition}:ec2:*::image/*"], [
          for kind in ["key-pair", "network-interface", "security-group", "subnet"] : "${local.ec2_arn}:${kind}/*"
        ])
      },
      {
        Sid       = "TagServersAtLaunch"
        Effect    = "Allow"
        Action    = ["ec2:CreateTags"]
        Resource  = ["${local.ec2_arn}:instance/*", "${local.ec2_arn}:volume/*"]
        Condition = { StringEquals = { "ec2:CreateAction" = "RunInstances" } }
      },
      {
        Sid      = "PutServersIntoGroups"
        Effect   = "Allow"
        Action   = ["ec2:ModifyInstanceAttribute"]
        Resource = ["${local.ec2_arn}:security-group/*"]
      },
    ],
    [for changed in local.changed_servers : {
      Sid    = changed.sid
      Effect = "Allow"
      Action = [
        "ec2:CreateTags",
        "ec2:DeleteTags",
        "ec2:ModifyInstanceAttribute",
        "ec2:RebootInstances",
        "ec2:TerminateInstances",
      ]
      Resource  = ["${local.ec2_arn}:instance/*"]
      Condition = changed.condition
    }],
  )
}
