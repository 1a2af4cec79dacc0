# Values of variables that are refused: terraform test -filter=tests/refusals.tftest.hcl

mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  region         = "eu-central-1"
  image          = "123456789012.dkr.ecr.eu-central-1.amazonaws.com/bellpull:abc"
  package_folder = "./tests/package"
  run_migrations = false
}

run "snapshots_and_provisioned_concurrency_exclude_each_other" {
  command = plan

  variables {
    env                     = "dev"
    snap_start              = true
    provisioned_concurrency = 1
  }

  expect_failures = [var.snap_start]
}

run "names_that_resources_cannot_have_are_refused" {
  command = plan

  variables {
    env = "Dev_1"
  }

  expect_failures = [var.env]
}

run "more_nat_gateways_than_zones_are_refused" {
  command = plan

  variables {
    env          = "dev"
    nat_gateways = 3
  }

  expect_failures = [var.nat_gateways]
}
