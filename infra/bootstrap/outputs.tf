# What `make deploy` asks for.

output "repository_url" {
  description = "ECR repository of the workers' image."
  value       = aws_ecr_repository.this.repository_url
}
