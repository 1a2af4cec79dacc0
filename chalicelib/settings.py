"""Every setting: one environment variable each, typed, read once."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import lru_cache
from typing import Literal, get_args, get_origin

import msgspec

from chalicelib.errors import SettingsError
from chalicelib.setting_checks import UPSTREAM_ENTRY, find_contradictions, split


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The name of a field in capitals is the name of its environment variable."""

    #: Where jobs are kept: mysql+pymysql://user:password@host/name or sqlite:///path.
    database_url: str
    #: File of certificates (PEM) to check a remote MySQL server by, e.g. RDS's bundle;
    #: without one the connection is encrypted but the server is not verified.
    database_ca_file: str | None = None
    #: ARN of a secret with the database's username and password, in the form that RDS gives
    #: its own; for a DATABASE_URL without them.
    database_secret_arn: str | None = None
    #: Whether the user in DATABASE_URL shows tokens of IAM instead of a password (RDS).
    database_iam: bool = False
    #: For migrations alone, which make this user and fill an empty secret: ARN of the secret
    #: that the API and workers log in by.
    database_application_secret_arn: str | None = None
    #: For migrations alone, which make this user: the name of one that shows tokens of IAM.
    database_application_iam_user: str | None = None
    #: Connections that each process keeps to the database.
    database_pool_size: int = 2
    #: URL of the SQS queues with {queue} in the place of a queue's name.
    sqs_queue_url: str
    #: Where SQS answers, if not at AWS (local stack, tests).
    sqs_endpoint_url: str | None = None
    #: Region of queues and upstream; credentials come from boto3's usual chain.
    aws_region: str = "us-east-1"

    #: The cloud that load balancers and servers are made in; what is there stays where it is.
    upstream: Literal["aws", "memory", "openstack"] = "aws"
    #: Projects whose things are made elsewhere, comma-separated: a project, =, a cloud,
    #: and after a colon its place: the region of aws, for openstack the name in clouds.yaml.
    upstream_by_project: str = ""
    #: Name in clouds.yaml of the cloud that UPSTREAM=openstack means; without it variables that
    #: begin with OS_ say where it is and who we are.
    openstack_cloud: str | None = None
    #: Where the upstream answers, if not at AWS (local stack, tests).
    upstream_endpoint_url: str | None = None
    #: File that the memory upstream keeps its state in; without one each process has its own.
    upstream_memory_path: str | None = None

    #: How much of a worker each queue gets while several are full: comma-separated, a queue, =, its
    #: weight; 1 for queues that it does not name.
    queue_weights: str = "network=4,default=2,notifications=1"

    #: Failures of an upstream itself, one after the other, that open its circuit breaker; 0: none.
    circuit_breaker_failures: int = 5
    #: Seconds that it is open before one job may try whether the upstream is back.
    circuit_breaker_seconds: float = 30.0

    #: Whether webhooks may have private addresses and plain http: for local use alone.
    webhooks_allow_private: bool = False
    #: ARN of the SNS topics that projects may have events published to, with {project_id} in
    #: the place of the project and * for any text; without it none.
    sns_topic_arn: str | None = None
    #: Where SNS answers, if not at AWS (local stack, tests).
    sns_endpoint_url: str | None = None

    #: Comma-separated serializers that workers accept: json, yaml, msgpack, pickle.
    #: pickle lets whoever can write to a queue run code in the worker.
    accept_serializers: str = "json"
    log_format: Literal["text", "json"] = "text"
    #: Name of this deployment, the dimension of its CloudWatch metrics, which are in log lines of
    #: JSON alone; without one there are none.
    deployment: str | None = None
    #: Port on which a worker answers GET /metrics in Prometheus' format; without one it does
    #: not. It is bound to `metrics_host`, this machine alone if that is not set.
    metrics_port: int | None = None
    metrics_host: str = "127.0.0.1"
    #: OpenTelemetry's own variable: with an exporter's name (otlp, console) API and workers
    #: send spans, if opentelemetry-sdk is installed. Its other variables hold as well.
    otel_traces_exporter: str | None = None
    #: Whose tokens callers show: tokens that were minted here, or Keystone's.
    auth: Literal["tokens", "keystone"] = "tokens"
    #: Where Keystone answers, with its version: https://keystone.example.com/v3.
    keystone_url: str | None = None
    #: Comma-separated: a role at Keystone, =, the scope that it gives here.
    keystone_roles: str = "reader=read,member=write,admin=admin"
    #: Largest request body in bytes.
    max_body_bytes: int = 262_144
    #: Largest body of a request with many jobs, in bytes. Lambda itself takes 6 MB.
    max_batch_body_bytes: int = 4_194_304

    #: Requests that each token may send in a minute, over all processes; 0 sets no limit.
    rate_limit_per_minute: int = 0
    #: Comma-separated origins whose pages may call the API, such as https://console.example.com,
    #: or * for any; empty: none.
    cors_origins: str = ""

    #: Seconds between two beats of a worker (heartbeat, leases, orders, dispatch).
    beat_seconds: float = 5.0
    #: Seconds that a claim lasts unless a beat extends it.
    lease_seconds: float = 40.0
    #: Seconds that running jobs may go on after SIGTERM before they are released.
    shutdown_grace_seconds: float = 25.0
    #: Seconds that a cancelled job has for cleaning up before its process is killed.
    cancel_grace_seconds: float = 10.0
    #: Set by ECS in its containers: where a worker asks not to be scaled in while it works.
    ecs_agent_uri: str | None = None
    #: File that a worker touches on each beat for `python -m worker.health` to look at.
    health_file: str | None = None
    #: Days that finished jobs are kept; 0 keeps them for ever.
    retention_days: int = 30
    #: Days that entries of the audit are kept; 0 keeps them for ever.
    audit_retention_days: int = 365

    @property
    def serializers(self) -> list[str]:
        """The names in `accept_serializers`."""
        return split(self.accept_serializers)

    @property
    def scope_of_role(self) -> dict[str, str]:
        """The scope that each role at Keystone gives, by the role's name in lower case."""
        pairs = (entry.partition("=") for entry in split(self.keystone_roles))
        return {role.strip().lower(): scope.strip() for role, _, scope in pairs}

    def upstream_of(self, project_id: str) -> str:
        """Where a project's things are made: a cloud, and after a colon its place if it has one."""
        cloud, place = str(self.upstream), None
        for entry in split(self.upstream_by_project):
            found = UPSTREAM_ENTRY.fullmatch(entry)
            if found and found[1] == project_id:
                cloud, place = found[2], found[3]
        usual = {"aws": self.aws_region, "openstack": self.openstack_cloud}
        place = place or usual.get(cloud)
        return f"{cloud}:{place}" if place else cloud

    @property
    def iam_region(self) -> str | None:
        """Where the database takes tokens of IAM; None: it takes a password."""
        return self.aws_region if self.database_iam else None

    @property
    def projects_elsewhere(self) -> list[str]:
        """The projects that `upstream_by_project` names."""
        return [entry.partition("=")[0] for entry in split(self.upstream_by_project)]

    @property
    def origins(self) -> frozenset[str]:
        """The origins in `cors_origins`."""
        named = (name.strip().rstrip("/") for name in self.cors_origins.split(","))
        return frozenset(name for name in named if name)

    def queue_url(self, queue: str) -> str:
        """URL of the SQS queue for a queue's name."""
        return self.sqs_queue_url.replace("{queue}", queue)


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Make settings out of environment variables; an empty value counts as not set.

    Raises:
        SettingsError: names each variable that is missing or wrong, and what it should be.
    """
    problems: list[str] = []
    values: dict[str, object] = {}
    for field in msgspec.structs.fields(Settings):
        name = field.name.upper()
        text = environment.get(name, "")
        if text == "":
            if field.required:
                problems.append(f"{name} is not set")
            continue
        try:
            values[field.name] = msgspec.convert(text, field.type, strict=False)
        except msgspec.ValidationError as error:
            choices = get_args(field.type) if get_origin(field.type) is Literal else ()
            hint = f"one of {', '.join(map(str, choices))}" if choices else str(error)
            problems.append(f"{name}={text!r} cannot be used: {hint}")
    if not problems:
        settings = Settings(**values)  # type: ignore[arg-type]  # checked field by field above
        problems = find_contradictions(settings)
    if problems:
        raise SettingsError("; ".join(problems) + ". See .env.example for every setting.")
    return settings


@lru_cache(maxsize=1)
def get_settings() -> Settings:
    """The settings of this process, read from its environment at the first call."""
    return read_settings(os.environ)
