"""Makes what Terraform deploys of the API: `make package ENV=dev`."""
