# An environment to try things in: cheap, from zero, without a standby.
region = "eu-central-1"

endpoint_zones = 1

database_instance_class = "db.t4g.micro"
database_multi_az       = false
database_backup_days    = 1
protect_data            = false

api_concurrency = -1

worker_min          = 0
worker_max          = 2
worker_spot_percent = 100

log_retention_days = 14
