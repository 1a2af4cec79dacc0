# The API's front: API Gateway with an explicit stage, throttling, access logs, and optionally a
# name of its own and a firewall. `make package` writes its OpenAPI document from Chalice's routes.

locals {
  api_invoke_arn = local.has_alias ? aws_lambda_alias.live[0].invoke_arn : aws_lambda_function.this["api"].invoke_arn

  gateway_document = replace(
    file("${local.package_folder}/gateway.json"), "API_INVOKE_ARN", local.api_invoke_arn
  )
}

resource "aws_api_gateway_rest_api" "this" {
  name        = local.name
  description = "Bellpull's HTTP API (${var.env})"
  body        = local.gateway_document

  # Answers from so many bytes on go out in gzip to those who accept it: lists, and the console.
  minimum_compression_size = "1024"

  endpoint_configuration {
    types = ["REGIONAL"]
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_api_gateway_deployment" "this" {
  rest_api_id = aws_api_gateway_rest_api.this.id

  # A deployment is a snapshot: another document, another deployment.
  triggers = { document = sha256(local.gateway_document) }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_api_gateway_stage" "this" {
  # checkov:skip=CKV_AWS_120: answers belong to one caller and change by the second: nothing to cache
  # checkov:skip=CKV2_AWS_51: callers have tokens; client certificates are a matter of the domain in front
  # checkov:skip=CKV2_AWS_77: there is no Java here; the rule group is in the WAF all the same, if there is one
  rest_api_id          = aws_api_gateway_rest_api.this.id
  deployment_id        = aws_api_gateway_deployment.this.id
  stage_name           = local.package.stage
  description          = "Bellpull (${var.env})"
  xray_tracing_enabled = var.tracing

  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.gateway.arn
    # No header and no query: a token could be in them.
    format = jsonencode({
      time            = "$context.requestTime"
      request_id      = "$context.requestId"
      ip              = "$context.identity.sourceIp"
      method          = "$context.httpMethod"
      path            = "$context.path"
      status          = "$context.status"
      duration_ms     = "$context.responseLatency"
      function_ms     = "$context.integration.latency"
      response_length = "$context.responseLength"
      error           = "$context.error.message"
      user_agent      = "$context.identity.userAgent"
    })
  }
}

resource "aws_api_gateway_method_settings" "this" {
  # checkov:skip=CKV_AWS_225: as for the stage: nothing to cache
  rest_api_id = aws_api_gateway_rest_api.this.id
  stage_name  = aws_api_gateway_stage.this.stage_name
  method_path = "*/*"

  settings {
    metrics_enabled        = true
    logging_level          = "ERROR"
    data_trace_enabled     = false # it would log bodies and tokens
    throttling_rate_limit  = var.api_requests_per_second
    throttling_burst_limit = var.api_burst
  }
}

resource "aws_cloudwatch_log_group" "gateway" {
  name              = "/aws/apigateway/${local.name}"
  retention_in_days = var.log_retention_days
}

resource "aws_lambda_permission" "gateway" {
  statement_id  = "AllowGateway"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.this["api"].function_name
  qualifier     = local.has_alias ? aws_lambda_alias.live[0].name : null
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_api_gateway_rest_api.this.execution_arn}/*/*"
}

# ---------------------------------------------------------------------------------------------
# A name of its own
# ---------------------------------------------------------------------------------------------

resource "aws_api_gateway_domain_name" "this" {
  count = var.domain == null ? 0 : 1

  domain_name              = var.domain.name
  regional_certificate_arn = var.domain.certificate_arn
  security_policy          = "TLS_1_2"

  endpoint_configuration {
    types = ["REGIONAL"]
  }
}

resource "aws_api_gateway_base_path_mapping" "this" {
  count = var.domain == null ? 0 : 1

  api_id      = aws_api_gateway_rest_api.this.id
  stage_name  = aws_api_gateway_stage.this.stage_name
  domain_name = aws_api_gateway_domain_name.this[0].domain_name
}

resource "aws_route53_record" "api" {
  count = try(var.domain.zone_id, null) == null ? 0 : 1

  zone_id = var.domain.zone_id
  name    = var.domain.name
  type    = "A"

  alias {
    name                   = aws_api_gateway_domain_name.this[0].regional_domain_name
    zone_id                = aws_api_gateway_domain_name.this[0].regional_zone_id
    evaluate_target_health = false
  }
}

# ---------------------------------------------------------------------------------------------
# A firewall
# ---------------------------------------------------------------------------------------------

resource "aws_wafv2_web_acl" "this" {
  # checkov:skip=CKV2_AWS_31: metrics and samples are on; a log of every request is the access log
  count = var.waf_requests_per_5_minutes == null ? 0 : 1

  name        = local.name
  description = "Limits what one address may ask for, and drops known bad requests"
  scope       = "REGIONAL"

  default_action {
    allow {}
  }

  rule {
    name     = "one-address"
    priority = 1

    action {
      block {}
    }

    statement {
      rate_based_statement {
        limit              = var.waf_requests_per_5_minutes
        aggregate_key_type = "IP"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${local.name}-one-address"
      sampled_requests_enabled   = true
    }
  }

  rule {
    name     = "known-bad-inputs"
    priority = 2

    override_action {
      none {}
    }

    statement {
      managed_rule_group_statement {
        vendor_name = "AWS"
        name        = "AWSManagedRulesKnownBadInputsRuleSet"
      }
    }

    visibility_config {
      cloudwatch_metrics_enabled = true
      metric_name                = "${local.name}-known-bad-inputs"
      sampled_requests_enabled   = true
    }
  }

  visibility_config {
    cloudwatch_metrics_enabled = true
    metric_name                = local.name
    sampled_requests_enabled   = true
  }
}

resource "aws_wafv2_web_acl_association" "this" {
  count = var.waf_requests_per_5_minutes == null ? 0 : 1

  resource_arn = aws_api_gateway_stage.this.arn
  web_acl_arn  = aws_wafv2_web_acl.this[0].arn
}
