# From zero workers to many and back, by backlog per worker. The dispatcher, which runs every
# minute whether there are workers or not, measures it (chalicelib/services/backlog.py).

locals {
  # A worker does `concurrency` jobs at a time, so in the wait that is acceptable it gets through
  # this many: with more than that waiting for each worker, the fleet is too small.
  acceptable_backlog_per_worker = max(1, var.acceptable_wait_seconds * var.worker_concurrency / var.job_seconds)

  metric_dimensions = { Deployment = local.name }
}

resource "aws_appautoscaling_target" "worker" {
  service_namespace  = "ecs"
  scalable_dimension = "ecs:service:DesiredCount"
  resource_id        = "service/${aws_ecs_cluster.this.name}/${aws_ecs_service.worker.name}"
  min_capacity       = var.worker_min
  max_capacity       = var.worker_max
}

resource "aws_appautoscaling_policy" "backlog" {
  name               = "${local.name}-backlog-per-worker"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.worker.service_namespace
  scalable_dimension = aws_appautoscaling_target.worker.scalable_dimension
  resource_id        = aws_appautoscaling_target.worker.resource_id

  target_tracking_scaling_policy_configuration {
    target_value       = local.acceptable_backlog_per_worker
    scale_out_cooldown = 60
    scale_in_cooldown  = 300

    customized_metric_specification {
      namespace   = "Bellpull"
      metric_name = "BacklogPerWorker"
      statistic   = "Average"

      dynamic "dimensions" {
        for_each = local.metric_dimensions

        content {
          name  = dimensions.key
          value = dimensions.value
        }
      }
    }
  }
}

# Target tracking multiplies what there is, and zero times anything is zero: the first worker is
# woken by a step, as AWS does it for its own services that scale to zero.
resource "aws_appautoscaling_policy" "wake" {
  name               = "${local.name}-wake"
  policy_type        = "StepScaling"
  service_namespace  = aws_appautoscaling_target.worker.service_namespace
  scalable_dimension = aws_appautoscaling_target.worker.scalable_dimension
  resource_id        = aws_appautoscaling_target.worker.resource_id

  step_scaling_policy_configuration {
    adjustment_type         = "ChangeInCapacity"
    metric_aggregation_type = "Maximum"
    cooldown                = 120

    step_adjustment {
      metric_interval_lower_bound = 0
      scaling_adjustment          = 1
    }
  }
}

resource "aws_cloudwatch_metric_alarm" "wake" {
  alarm_name          = "${local.name}-wake"
  alarm_description   = "Jobs wait and there is no worker: starts one. Pages nobody."
  namespace           = "Bellpull"
  metric_name         = "BacklogWithoutWorkers"
  dimensions          = local.metric_dimensions
  statistic           = "Maximum"
  period              = 60
  evaluation_periods  = 1
  threshold           = 1
  comparison_operator = "GreaterThanOrEqualToThreshold"
  treat_missing_data  = "notBreaching"
  alarm_actions       = [aws_appautoscaling_policy.wake.arn]
}
