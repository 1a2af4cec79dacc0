# What prod is made of: terraform test -var-file=prod.tfvars -filter=tests/prod.tftest.hcl

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  env            = "prod"
  image          = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/bellpull:abc"
  package_folder = "./tests/package"
  run_migrations = false
}

run "prod_with_all_options" {
  variables {
    nat_gateways               = 1
    provisioned_concurrency    = 2
    waf_requests_per_5_minutes = 2000
    monthly_budget_usd         = 1000
    alarm_emails               = ["oncall@example.com"]
    domain                     = { name = "jobs.example.com", certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/1", zone_id = "Z1" }
  }

  assert {
    condition     = aws_db_instance.this.multi_az && aws_db_instance.this.deletion_protection && !aws_db_instance.this.skip_final_snapshot
    error_message = "Production's database has a standby and is not destroyed by mistake."
  }

  assert {
    condition     = length(aws_route.nat) == 3 && length(aws_nat_gateway.this) == 1
    error_message = "Each zone has a way out by the one NAT gateway."
  }

  assert {
    condition     = strcontains(aws_api_gateway_rest_api.this.body, ":live/invocations") && aws_lambda_permission.gateway.qualifier == "live"
    error_message = "With provisioned concurrency the gateway calls the alias."
  }

  assert {
    condition     = flatten([for filter in aws_budgets_budget.this[0].cost_filter : filter.values]) == ["user:Environment$prod"]
    error_message = "The budget is of what carries this environment's tag."
  }

  assert {
    condition     = output.api_url == "https://jobs.example.com" && length(aws_route53_record.api) == 1
    error_message = "The API answers under its own name."
  }

  assert {
    condition     = alltrue([for alarm in merge(aws_cloudwatch_metric_alarm.metric, aws_cloudwatch_metric_alarm.expression) : alarm.alarm_actions == toset([aws_sns_topic.alarms.arn])])
    error_message = "Every alarm tells somebody."
  }
}
