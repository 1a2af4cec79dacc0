"""One month's bill, line by line, from prices and assumptions that stand in prices.json."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PRICES = Path(__file__).with_name("prices.json")


@dataclass(frozen=True)
class Size:
    """An environment: what is switched on in its tfvars, and how much is asked of it."""

    name: str
    jobs: int
    #: Interface endpoints, over all zones.
    endpoints: int
    instance_class: str
    #: Instances paid for: 2 with a standby.
    instances: int
    storage_gb: int
    worker_vcpu: float
    worker_gb: float
    workers_at_least: int
    spot_share: float
    alarms: int


def read_prices() -> dict[str, Any]:
    """The file, as it is."""
    read: dict[str, Any] = json.loads(PRICES.read_text(encoding="utf-8"))
    return read


def bill(size: Size, book: dict[str, Any]) -> dict[str, float]:
    """Dollars a month by part."""
    price, given = book["prices"], book["assumptions"]
    hours, requests = given["hours_in_month"], size.jobs * given["requests_per_job"]
    worker_hours = count_worker_hours(size, given)
    spot = 1 - size.spot_share * (1 - price["fargate_spot_share"])
    worker_hour = (
        size.worker_vcpu * price["fargate_vcpu_hour"] + size.worker_gb * price["fargate_gb_hour"]
    )
    lambda_seconds = (
        requests * given["lambda_ms_per_request"]
        + given["dispatches_per_month"] * given["dispatch_ms"]
    ) / 1000
    polls = worker_hours * given["sqs_idle_polls_per_worker_hour"]
    stored_gb = size.jobs * given["row_kb"] * given["retention_months"] / 1e6
    return {
        "API Gateway": requests / 1e6 * price["gateway_million_requests"],
        "Lambda": (requests + given["dispatches_per_month"])
        / 1e6
        * price["lambda_million_requests"]
        + lambda_seconds * given["lambda_memory_gb"] * price["lambda_gb_second"],
        "SQS": (size.jobs * given["sqs_requests_per_job"] + polls)
        / 1e6
        * price["sqs_million_requests"],
        "Workers": worker_hours * worker_hour * spot,
        "Database": size.instances
        * (
            hours * price[f"rds_{size.instance_class}_hour"]
            + max(size.storage_gb, stored_gb) * price["rds_gp3_gb_month"]
        ),
        "Endpoints": size.endpoints * hours * price["endpoint_hour"],
        "Logs, alarms, keys": size.jobs * given["log_kb_per_job"] / 1e6 * price["logs_gb"]
        + size.alarms * price["alarm_month"]
        + given["custom_metrics"] * price["custom_metric_month"]
        + price["dashboard_month"]
        + given["secrets"] * price["secret_month"]
        + price["kms_key_month"],
    }


def count_worker_hours(size: Size, given: dict[str, float]) -> float:
    """Hours that workers run: as long as the work takes, at least those that always run."""
    busy = size.jobs * given["job_seconds"] / 3600
    needed = busy / (given["worker_concurrency"] * given["worker_utilization"])
    return max(math.ceil(needed), size.workers_at_least * given["hours_in_month"])
