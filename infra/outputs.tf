# What people and scripts ask for after an apply: `terraform -chdir=infra output`.

output "api_url" {
  description = "Where the API answers."
  value       = var.domain == null ? aws_api_gateway_stage.this.invoke_url : "https://${var.domain.name}"
}

output "queue_urls" {
  description = "URL of each queue."
  value       = { for queue, made in aws_sqs_queue.this : queue => made.url }
}

output "database_address" {
  description = "Host name of the database, reachable inside of the network."
  value       = aws_db_instance.this.address
}

output "database_secret_arn" {
  description = "User and password that the API and workers log in with, in Secrets Manager."
  value       = aws_secretsmanager_secret.application.arn
}

output "database_owner_secret_arn" {
  description = "User and password of the schema's owner, in Secrets Manager; for migrations."
  value       = local.owner_secret_arn
}

output "cluster_name" {
  description = "ECS cluster of the workers."
  value       = aws_ecs_cluster.this.name
}

output "worker_task" {
  description = "What `python -m infra.deploy run` needs to run a command of the worker's in the network."
  value       = merge(local.task_home, { task_definition = aws_ecs_task_definition.worker.arn })
}

output "migration_task" {
  description = "The same for the command `migrate`, which logs in to the database as its owner."
  value       = merge(local.task_home, { task_definition = aws_ecs_task_definition.migration.arn })
}

output "alarm_topic_arn" {
  description = "SNS topic of the alarms, for pagers and chats."
  value       = aws_sns_topic.alarms.arn
}

output "dashboard_url" {
  description = "The dashboard."
  value       = "https://${var.region}.console.aws.amazon.com/cloudwatch/home?region=${var.region}#dashboards/dashboard/${local.name}"
}
