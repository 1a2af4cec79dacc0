# What single options change: terraform test -filter=tests/options.tftest.hcl

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  env            = "dev"
  region         = "eu-central-1"
  image          = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/bellpull:abc"
  package_folder = "./tests/package"
  run_migrations = false
}

run "passwords" {
  assert {
    condition     = alltrue([for policy in [aws_iam_role_policy.api.policy, aws_iam_role_policy.worker.policy, aws_iam_role_policy.migration.policy] : !strcontains(policy, "rds-db:")])
    error_message = "Where passwords are shown, tokens of IAM are not."
  }

  assert {
    condition     = !contains(keys(aws_vpc_endpoint.interface), "sns") && contains(keys(aws_vpc_endpoint.interface), "ec2")
    error_message = "What nobody calls has no endpoint; EC2 is called for servers."
  }
}

run "tokens" {
  variables {
    database_iam_login = true
  }

  assert {
    condition = [
      for policy in [aws_iam_role_policy.api.policy, aws_iam_role_policy.worker.policy] :
      [for statement in jsondecode(policy).Statement : "${statement.Action[0]} ${statement.Resource}" if statement.Sid == "LogInToDatabase"]
    ] == [for _ in range(2) : ["rds-db:connect arn:aws:rds-db:eu-central-1:123456789012:dbuser:db-ABC/bellpull_iam"]]
    error_message = "The API and workers log in as one user of one database."
  }

  assert {
    condition     = !strcontains(aws_iam_role_policy.migration.policy, "rds-db:")
    error_message = "Migrations log in as the owner."
  }
}

run "events_in_a_network_without_a_way_out" {
  variables {
    event_topic_arn = "arn:aws:sns:eu-central-1:123456789012:events"
  }

  assert {
    condition     = contains(keys(aws_vpc_endpoint.interface), "sns")
    error_message = "Workers must reach the topic."
  }
}

run "events_by_nat" {
  variables {
    event_topic_arn     = "arn:aws:sns:eu-central-1:123456789012:events"
    nat_gateways        = 1
    interface_endpoints = []
  }

  assert {
    condition     = length(aws_vpc_endpoint.interface) == 0
    error_message = "Who has a way out and wants no endpoints pays for none."
  }
}
