# Both come from `make bootstrap`.

variable "region" {
  description = "AWS region."
  type        = string
}

variable "state_bucket" {
  description = "Name of the bucket of Terraform's state; it exists when this is applied."
  type        = string
}
