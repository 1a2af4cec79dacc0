"""Metrics as facts of a log line, in CloudWatch's Embedded Metric Format.

They need neither a call nor a permission.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch_Embedded_Metric_Format_Specification.html
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any


def facts(
    deployment: str, metrics: Mapping[str, float | list[float]], **dimensions: str
) -> dict[str, Any]:
    """What to give as `extra` of a log line: metrics of a deployment, and of what is in it.

    Those whose names end with Seconds have that unit, the others are counts.
    """
    about = {
        "Namespace": "Bellpull",
        "Dimensions": [["Deployment", *dimensions]],
        "Metrics": [
            {"Name": name, "Unit": "Seconds" if name.endswith("Seconds") else "Count"}
            for name in sorted(metrics)
        ],
    }
    aws = {"Timestamp": int(time.time() * 1000), "CloudWatchMetrics": [about]}
    return {"_aws": aws, "Deployment": deployment, **dimensions, **metrics}


def camel(name: str) -> str:
    """CloudWatch's way to write a name: "jobs_started" as JobsStarted."""
    return "".join(word.title() for word in name.split("_"))
