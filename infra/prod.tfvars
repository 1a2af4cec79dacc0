# An environment to rely on: a standby database, three zones, two workers at any time.
region = "eu-central-1"

zones          = 3
endpoint_zones = 2
flow_logs      = true

database_instance_class       = "db.m7g.large"
database_storage_gb           = 100
database_max_storage_gb       = 1000
database_multi_az             = true
database_backup_days          = 30
database_max_connections      = 640
database_performance_insights = true
protect_data                  = true

api_concurrency         = 100
api_requests_per_second = 1000
api_burst               = 2000

worker_min          = 2
worker_max          = 20
worker_cpu          = 1024
worker_memory_mb    = 2048
worker_concurrency  = 8
worker_spot_percent = 0

container_insights = true
log_retention_days = 365

# alarm_emails               = ["oncall@example.com"]
# waf_requests_per_5_minutes = 2000
# monthly_budget_usd         = 1000
