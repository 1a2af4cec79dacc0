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
  description = "The database's user and password, in Secrets Manager."
  value       = aws_db_instance.this.master_user_secret[0].secret_arn
}

output "cluster_name" {
  description = "ECS cluster of the workers."
  value       = aws_ecs_cluster.this.name
}

output "worker_task" {
  description = "What `python -m infra.deploy run` needs to run a command of the worker's in the network."
  value = {
    cluster         = aws_ecs_cluster.this.arn
    task_definition = aws_ecs_task_definition.worker.arn
    subnets         = aws_subnet.private[*].id
    security_groups = [aws_security_group.worker.id]
    log_group       = aws_cloudwatch_log_group.worker.name
    region          = var.region
  }
}

output "alarm_topic_arn" {
  description = "SNS topic of the alarms, for pagers and chats."
  value       = aws_sns_topic.alarms.arn
}

output "dashboard_url" {
  description = "The dashboard."
  value       = "https://${var.region}.console.aws.amazon.com/cloudwatch/home?region=${var.region}#dashboards/dashboard/${local.name}"
}
