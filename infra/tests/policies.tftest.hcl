# Who may do what, with everything switched on that adds to it.
# terraform test -filter=tests/policies.tftest.hcl

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  env                      = "prod"
  region                   = "eu-central-1"
  image                    = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/bellpull:abc"
  package_folder           = "./tests/package"
  run_migrations           = false
  flow_logs                = true
  enable_exec              = true
  database_iam_login       = true
  nat_gateways             = 1
  adoptable_load_balancers = ["web-*"]
  adoptable_servers        = { team = "shop" }
  event_topic_arn          = "arn:aws:sns:eu-central-1:123456789012:events-{project_id}"
  worker_secrets           = { OS_PASSWORD = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:os-AbCdEf:password::" }
}

run "policies" {
  assert {
    condition = alltrue([
      for statement in flatten([
        for policy in concat(
          [aws_iam_role_policy.api.policy, aws_iam_role_policy.worker.policy, aws_iam_role_policy.execution.policy, aws_iam_role_policy.migration.policy, aws_iam_role_policy.flow[0].policy, aws_kms_key.alarms.policy],
          values(aws_sqs_queue.this)[*].policy, values(aws_sqs_queue.dead_letter)[*].policy,
        ) : jsondecode(policy).Statement
      ]) : alltrue([for action in flatten([statement.Action]) : !strcontains(action, "*")])
    ])
    error_message = "No action of any policy may have a wildcard."
  }

  assert {
    condition = toset([
      for statement in concat(
        jsondecode(aws_iam_role_policy.api.policy).Statement,
        jsondecode(aws_iam_role_policy.worker.policy).Statement,
        jsondecode(aws_iam_role_policy.execution.policy).Statement,
        jsondecode(aws_iam_role_policy.migration.policy).Statement,
        jsondecode(aws_iam_role_policy.flow[0].policy).Statement,
      ) : statement.Sid if contains(flatten([statement.Resource]), "*") && statement.Effect == "Allow"
    ]) == toset(["JoinNetwork", "Trace", "LogInToEcr", "LookAtLoadBalancers", "LookAtServers", "Exec"])
    error_message = "Only what AWS has no narrower form for may stand without a resource."
  }

  assert {
    condition = toset(flatten([
      for statement in jsondecode(aws_iam_role_policy.api.policy).Statement : [
        for pair in setproduct(statement.Action, statement.Resource) : "${pair[0]} ${element(split(":", pair[1]), 5)}"
      ] if strcontains(jsonencode(statement), "sqs:")
      ])) == toset(flatten([
      for queue in ["default", "network", "notifications"] : concat(["sqs:SendMessage bellpull-prod-${queue}"], [
        for action in ["ChangeMessageVisibility", "DeleteMessage", "GetQueueAttributes", "ReceiveMessage"] : "sqs:${action} bellpull-prod-${queue}-dead"
      ])
    ]))
    error_message = "The API may send to exactly the queues, and look at exactly the dead letters."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.worker.policy).Statement : alltrue([
        for arn in flatten([statement.Resource]) : can(regex("loadbalancer/(app|net)/(bp-|web-)\\*/\\*$", arn))
      ]) if statement.Sid == "MakeLoadBalancers"
    ])
    error_message = "Workers may change their own load balancers and those that are named adoptable."
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.worker.policy).Statement : jsonencode(statement.Condition) if contains(statement.Action, "ec2:TerminateInstances")
      ] == [
      jsonencode({ Null = { "aws:ResourceTag/bellpull:token" = "false" } }),
      jsonencode({ StringLike = { "aws:ResourceTag/team" = "shop" } }),
    ]
    error_message = "Workers may destroy their own servers and those that are named adoptable."
  }

  assert {
    condition = alltrue([
      for statement in jsondecode(aws_iam_role_policy.worker.policy).Statement : can(statement.Condition["Null"]["aws:RequestTag/bellpull:token"])
      if contains(statement.Action, "ec2:RunInstances") && strcontains(jsonencode(statement.Resource), ":instance/")
    ])
    error_message = "Workers launch no server without Bellpull's tag."
  }

  assert {
    condition = [
      for statement in jsondecode(aws_iam_role_policy.execution.policy).Statement : statement.Resource if statement.Sid == "ReadSecretsOfSettings"
    ] == [["arn:aws:secretsmanager:eu-central-1:123456789012:secret:os-AbCdEf"]]
    error_message = "ECS reads the secrets that settings name, without the key within."
  }

  assert {
    condition = alltrue([
      for policy in [aws_iam_role_policy.api.policy, aws_iam_role_policy.worker.policy, aws_iam_role_policy.execution.policy] :
      !strcontains(policy, output.database_owner_secret_arn)
      ]) && toset([
      for statement in jsondecode(aws_iam_role_policy.migration.policy).Statement : jsonencode(statement.Resource) if strcontains(jsonencode(statement), "PutSecretValue")
    ]) == toset([jsonencode(output.database_secret_arn)])
    error_message = "Migrations alone know the password of the database's owner, and may change only the application's."
  }

  assert {
    condition = alltrue([
      for policy in [aws_iam_role.api.assume_role_policy, aws_iam_role.worker.assume_role_policy, aws_iam_role.execution.assume_role_policy, aws_iam_role.migration.assume_role_policy, aws_iam_role.flow[0].assume_role_policy] :
      alltrue([for statement in jsondecode(policy).Statement : can(regex("\\.amazonaws\\.com$", statement.Principal.Service))])
    ])
    error_message = "Roles are assumed by AWS's services alone."
  }
}
