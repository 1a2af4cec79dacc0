"""What runs Bellpull: Terraform for AWS, and the local stack."""
