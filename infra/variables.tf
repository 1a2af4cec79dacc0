# What differs between environments: dev.tfvars and prod.tfvars set it. The first three come from
# `make`.

variable "env" {
  description = "Name of the environment: a stage of .chalice/config.json, with a file NAME.tfvars here."
  type        = string

  validation {
    condition     = can(regex("^[a-z][a-z0-9]{0,11}$", var.env))
    error_message = "env must be a lower-case word of at most 12 letters and digits: names of resources contain it."
  }
}

variable "image" {
  description = "URI of the workers' image in ECR, with its tag or digest."
  type        = string

  validation {
    condition     = can(regex("^[^/]+/[^:@]+[:@].+$", var.image))
    error_message = "image must be REGISTRY/REPOSITORY:TAG or REGISTRY/REPOSITORY@DIGEST."
  }
}

variable "region" {
  description = "AWS region, such as eu-central-1."
  type        = string
}

variable "package_folder" {
  description = "Folder with what `make package` made; .package/ENV beside this file if null."
  type        = string
  default     = null
}

variable "python" {
  description = "Python with boto3 that runs the migration's ECS task and waits for it."
  type        = string
  default     = ".venv/bin/python"
}

variable "run_migrations" {
  description = "Whether an apply runs the migrations. Off only where no task can run, as in emulators."
  type        = bool
  default     = true
}

variable "settings" {
  description = "More settings of .env.example for the API and the workers, such as { RETENTION_DAYS = \"90\" }."
  type        = map(string)
  default     = {}
}

variable "worker_secrets" {
  description = "Settings of the workers that are secrets, such as passwords of upstreams: environment variable -> ARN in Secrets Manager, or ARN:KEY:: for a key of its JSON."
  type        = map(string)
  default     = {}
}

variable "event_topic_arn" {
  description = "SNS topics that events of projects may be published to, with {project_id} in the place of the project; null: none."
  type        = string
  default     = null
}

# Network

variable "vpc_cidr" {
  description = "Addresses of the network, a /16 to /20. It must not overlap networks that it is to be peered with."
  type        = string
  default     = "10.40.0.0/16"
}

variable "zones" {
  description = "Availability zones that there are subnets in; the database needs two."
  type        = number
  default     = 2

  validation {
    condition     = contains([2, 3], var.zones)
    error_message = "zones must be 2 or 3."
  }
}

variable "interface_endpoints" {
  description = "AWS services that are reached inside of the network, by the last words of their endpoints' names."
  type        = list(string)
  default     = ["ec2", "ecr.api", "ecr.dkr", "elasticloadbalancing", "logs", "secretsmanager", "sqs"]
}

variable "endpoint_zones" {
  description = "Zones with an interface endpoint. Each costs as much again; with one, a failure of that zone stops everything."
  type        = number
  default     = 2
}

variable "nat_gateways" {
  description = "NAT gateways, the way out to the internet: for OpenStack upstreams and webhooks outside of AWS. 0: no way out."
  type        = number
  default     = 0

  validation {
    condition     = var.nat_gateways >= 0 && var.nat_gateways <= var.zones
    error_message = "nat_gateways must lie between 0 and zones."
  }
}

variable "internet_ports" {
  description = "Ports that may be called outside of the network, if there is a way out; OpenStack's services often have 5000, 9696 and 9876."
  type        = set(number)
  default     = [443]
}

variable "flow_logs" {
  description = "Whether refused connections are logged."
  type        = bool
  default     = false
}

# Database

variable "database_instance_class" {
  description = "RDS instance class."
  type        = string
  default     = "db.t4g.micro"
}

variable "database_storage_gb" {
  description = "Storage to begin with, in GiB."
  type        = number
  default     = 20
}

variable "database_max_storage_gb" {
  description = "Storage that RDS may grow to by itself, in GiB."
  type        = number
  default     = 100
}

variable "database_multi_az" {
  description = "Whether a standby in another zone takes over when the database fails."
  type        = bool
  default     = true
}

variable "database_backup_days" {
  description = "Days that automatic backups are kept."
  type        = number
  default     = 7

  validation {
    condition     = var.database_backup_days >= 1 && var.database_backup_days <= 35
    error_message = "database_backup_days must lie between 1 and 35."
  }
}

variable "database_max_connections" {
  description = "Connections that the instance class allows (RDS: memory / 12 MB, 85 on a micro); the alarm rings at 80 %."
  type        = number
  default     = 85
}

variable "database_performance_insights" {
  description = "Whether RDS records what statements wait for. Not to be had on micro and small classes."
  type        = bool
  default     = false
}

variable "database_iam_login" {
  description = "Whether the API and workers log in to the database with tokens of IAM in the place of a password."
  type        = bool
  default     = false
}

variable "protect_data" {
  description = "Whether the database refuses to be destroyed and leaves a snapshot. Turn it off first to destroy."
  type        = bool
  default     = true
}

# API

variable "api_concurrency" {
  description = "Requests answered at once: reserved concurrency of the function, each with a connection. -1: no limit but the account's; young accounts have so little that nothing can be reserved."
  type        = number
  default     = 20

  validation {
    condition     = var.api_concurrency == -1 || var.api_concurrency > 0
    error_message = "api_concurrency must be above 0, or -1 for no limit."
  }
}

variable "api_requests_per_second" {
  description = "Requests that the gateway lets through in the long run; more are answered 429."
  type        = number
  default     = 200
}

variable "api_burst" {
  description = "Requests that the gateway lets through at once."
  type        = number
  default     = 400
}

variable "provisioned_concurrency" {
  description = "Functions kept warm; 0: none."
  type        = number
  default     = 0
}

variable "snap_start" {
  description = "Whether functions start from a snapshot. Excludes provisioned concurrency."
  type        = bool
  default     = false

  validation {
    condition     = !(var.snap_start && var.provisioned_concurrency > 0)
    error_message = "snap_start and provisioned_concurrency exclude each other: AWS offers one of them."
  }
}

variable "domain" {
  description = "The API's own name, its ACM certificate in this region, and the Route 53 zone that gets its record (null: make it yourself)."
  type = object({
    name            = string
    certificate_arn = string
    zone_id         = optional(string)
  })
  default = null
}

variable "waf_requests_per_5_minutes" {
  description = "Requests that one address may send in five minutes, limited by a WAF; null: no WAF."
  type        = number
  default     = null
}

variable "tracing" {
  description = "Whether X-Ray samples requests."
  type        = bool
  default     = true
}

# Fleet

variable "worker_min" {
  description = "Workers that run when there is nothing to do."
  type        = number
  default     = 0
}

variable "worker_max" {
  description = "Workers that run at most."
  type        = number
  default     = 4

  validation {
    condition     = var.worker_max >= max(1, var.worker_min)
    error_message = "worker_max must be at least 1, and at least worker_min."
  }
}

variable "worker_cpu" {
  description = "CPU units of a worker; 1024 are one."
  type        = number
  default     = 512
}

variable "worker_memory_mb" {
  description = "Memory of a worker in MiB, one of those that Fargate pairs with its CPU."
  type        = number
  default     = 1024
}

variable "worker_concurrency" {
  description = "Jobs that a worker runs at once, a process each."
  type        = number
  default     = 4
}

variable "worker_architecture" {
  description = "X86_64 or ARM64, a fifth cheaper; the image is built for it."
  type        = string
  default     = "X86_64"

  validation {
    condition     = contains(["X86_64", "ARM64"], var.worker_architecture)
    error_message = "worker_architecture must be X86_64 or ARM64."
  }
}

variable "worker_spot_percent" {
  description = "Share of workers on Spot, at about a third of the price, which ends with two minutes' notice. No job is lost by that."
  type        = number
  default     = 0

  validation {
    condition     = var.worker_spot_percent >= 0 && var.worker_spot_percent <= 100
    error_message = "worker_spot_percent must lie between 0 and 100."
  }
}

variable "acceptable_wait_seconds" {
  description = "How long a job may wait for a worker before there should be more workers."
  type        = number
  default     = 60
}

variable "job_seconds" {
  description = "How long a job takes on average. With acceptable_wait_seconds it gives the backlog per worker that scaling aims at."
  type        = number
  default     = 20
}

variable "enable_exec" {
  description = "Whether `aws ecs execute-command` may open a shell in a worker; its file system can be written to then."
  type        = bool
  default     = false
}

variable "manage_load_balancers" {
  description = "Whether workers may make load balancers in this account (UPSTREAM=aws)."
  type        = bool
  default     = true
}

variable "manage_servers" {
  description = "Whether workers may make servers (EC2 instances) in this account (UPSTREAM=aws)."
  type        = bool
  default     = true
}

variable "adoptable_servers" {
  description = "Tags, each with its value or with * for anything, of servers made elsewhere that workers may change and destroy once adopted. Looking at them needs no entry here."
  type        = map(string)
  default     = {}
}

variable "adoptable_load_balancers" {
  description = "Names, with * for anything, of load balancers made elsewhere that workers may change and destroy once adopted. Looking at them needs no entry here."
  type        = list(string)
  default     = []
}

# Observability

variable "alarm_emails" {
  description = "Addresses that alarms are sent to; each has to confirm once."
  type        = list(string)
  default     = []
}

variable "max_wait_seconds" {
  description = "Seconds that the oldest job may wait before somebody is called."
  type        = number
  default     = 300
}

variable "max_queue_depth" {
  description = "Messages that may wait in a queue before somebody is called."
  type        = number
  default     = 10000
}

variable "max_failure_percent" {
  description = "Share of ended jobs that may fail before somebody is called."
  type        = number
  default     = 20
}

variable "container_insights" {
  description = "Whether ECS records CPU and memory of each worker, at a price for each metric."
  type        = bool
  default     = false
}

variable "log_retention_days" {
  description = "Days that logs are kept; one of the numbers that CloudWatch knows, such as 30 or 365."
  type        = number
  default     = 30
}

variable "monthly_budget_usd" {
  description = "Dollars a month that this environment may cost before alarm_emails are told; null: no budget. Needs the cost allocation tag Environment."
  type        = number
  default     = null
}
