# Bellpull in one AWS account and region: the root module. Each file holds what its name says:
#   network flow_logs queues database migration api gateway worker worker_permissions
#   server_permissions scaling observability alarms variables outputs
# `make deploy ENV=dev` runs it; docs/deploy.md is its manual.

terraform {
  required_version = ">= 1.10" # the first whose S3 backend locks by a file

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7"
    }
  }

  # Bucket, key and region are given by `make`: one key an environment.
  backend "s3" {
    encrypt      = true
    use_lockfile = true
  }
}

provider "aws" {
  region = var.region

  default_tags {
    tags = {
      Application = "bellpull"
      Environment = var.env
      ManagedBy   = "terraform"
    }
  }
}

data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  # Every name begins with it, so that environments share an account.
  name = "bellpull-${var.env}"

  account_id = data.aws_caller_identity.current.account_id
  partition  = data.aws_partition.current.partition
  # "arn:aws:sqs:" -> the rest of an ARN in this account and region.
  arn_tail = "${var.region}:${local.account_id}"

  # What `make package` made: functions.json, gateway.json and the zip.
  package_folder = coalesce(var.package_folder, "${path.module}/.package/${var.env}")

  # What the API and the workers both find in their environment; .env.example describes each.
  environment = merge(
    {
      DATABASE_CA_FILE = "chalicelib/db/rds-ca.pem"
      SQS_QUEUE_URL    = replace(aws_sqs_queue.this["default"].url, "/default$/", "{queue}")
      LOG_FORMAT       = "json"
      DEPLOYMENT       = local.name
    },
    local.application_login,
    var.event_topic_arn == null ? {} : { SNS_TOPIC_ARN = var.event_topic_arn },
    var.settings,
  )
}
