# Builds images where there is no Docker: CodeBuild, from sources that `make deploy` puts into the
# bucket. It costs nothing while it does nothing.

resource "aws_codebuild_project" "image" {
  # checkov:skip=CKV_AWS_316: it builds images, with Docker, and nothing else
  for_each = {
    X86_64 = { type = "LINUX_CONTAINER", image = "aws/codebuild/amazonlinux-x86_64-standard:5.0" }
    ARM64  = { type = "ARM_CONTAINER", image = "aws/codebuild/amazonlinux-aarch64-standard:3.0" }
  }

  name           = "bellpull-image-${lower(each.key)}"
  description    = "Builds the workers' image for ${each.key}"
  service_role   = aws_iam_role.builder.arn
  build_timeout  = 30
  queued_timeout = 60

  artifacts {
    type = "NO_ARTIFACTS"
  }

  environment {
    type            = each.value.type
    image           = each.value.image
    compute_type    = "BUILD_GENERAL1_SMALL"
    privileged_mode = true # Docker in it

    environment_variable {
      name  = "REPOSITORY"
      value = aws_ecr_repository.this.repository_url
    }
  }

  source {
    type     = "S3"
    location = "${aws_s3_bucket.state.bucket}/sources/none.zip" # each build names its own

    buildspec = yamlencode({
      version = "0.2"
      phases = {
        build = {
          commands = [
            "aws ecr get-login-password | docker login --username AWS --password-stdin \"$${REPOSITORY%%/*}\"",
            "docker build --file worker/Dockerfile --tag \"$REPOSITORY:$TAG\" .",
            "docker push \"$REPOSITORY:$TAG\"",
          ]
        }
      }
    })
  }

  logs_config {
    cloudwatch_logs {
      group_name = aws_cloudwatch_log_group.builder.name
    }
  }
}

resource "aws_cloudwatch_log_group" "builder" {
  name              = "/bellpull/image-builder"
  retention_in_days = 30
}

resource "aws_iam_role" "builder" {
  name        = "bellpull-image-builder-${var.region}"
  description = "CodeBuild: reads sources, pushes Bellpull's image"

  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "codebuild.amazonaws.com" }
      Condition = { StringEquals = { "aws:SourceAccount" = local.account_id } }
    }]
  })
}

resource "aws_iam_role_policy" "builder" {
  name = "builder"
  role = aws_iam_role.builder.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ReadSources"
        Effect   = "Allow"
        Action   = ["s3:GetObject", "s3:GetObjectVersion"]
        Resource = "${aws_s3_bucket.state.arn}/sources/*"
      },
      {
        Sid      = "LogInToEcr" # a token for the account's registry: there is no resource to name
        Effect   = "Allow"
        Action   = ["ecr:GetAuthorizationToken"]
        Resource = "*"
      },
      {
        Sid    = "PushImage"
        Effect = "Allow"
        Action = [
          "ecr:BatchCheckLayerAvailability",
          "ecr:BatchGetImage",
          "ecr:CompleteLayerUpload",
          "ecr:GetDownloadUrlForLayer",
          "ecr:InitiateLayerUpload",
          "ecr:PutImage",
          "ecr:UploadLayerPart",
        ]
        Resource = aws_ecr_repository.this.arn
      },
      {
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.builder.arn}:*"
      },
    ]
  })
}
