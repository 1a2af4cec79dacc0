"""What a request may say of jobs: new ones, and which of those that are there."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

from msgspec import Meta, Struct, field

from chalicelib.domain.jobs import JobState
from chalicelib.schemas.webhooks import JobWebhook

#: Longest that a job may wait, in seconds: ten years.
MAX_WAIT_SECONDS = 315_360_000
#: Most jobs that one request may submit, cancel or retry.
MAX_JOBS = 1_000

TaskName = Annotated[
    str,
    Meta(
        pattern=r"^[\x21-\x7e]{1,255}\Z",
        description="the name of a task, 1 to 255 printable ASCII characters",
        examples=["diagnostics.echo"],
    ),
]
QueueName = Annotated[
    str,
    Meta(
        pattern=r"^[A-Za-z0-9_-]{1,80}\Z",
        description="the name of a queue, 1 to 80 letters, digits, hyphens and underscores",
        examples=["default"],
    ),
]
Tag = Annotated[
    str,
    Meta(
        pattern=r"^[^\x00-\x20\x7f-\xa0](?:[^\x00-\x1f\x7f-\x9f]{0,62}[^\x00-\x20\x7f-\xa0])?\Z",
        description="a text of 1 to 64 characters without spaces at its ends or control characters",
        examples=["nightly"],
    ),
]
Key = Annotated[
    str,
    Meta(
        pattern=r"^[^\x00-\x1f\x7f-\x9f]{1,255}\Z",
        description="a text of 1 to 255 characters without control characters",
        examples=["customer:42"],
    ),
]
Tags = Annotated[list[Tag], Meta(max_length=20, description="a list of at most 20 tags")]
#: With an offset from UTC, as RFC 3339 wants it.
Moment = Annotated[
    datetime,
    Meta(
        tz=True,
        description="a time with an offset from UTC (RFC 3339)",
        examples=["2027-01-31T08:30:00Z"],
    ),
]
JobId = Annotated[str, Meta(pattern=r"^[\x21-\x7e]{1,155}\Z", description="the id of a job")]


class SubmittedJob(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A job to run."""

    task: TaskName
    #: Keyword arguments of the task; GET /tasks shows what each takes.
    parameters: Annotated[dict[str, Any], Meta(description="an object")] = field(
        default_factory=dict
    )
    #: Not before this moment; one that has passed means now.
    run_at: Moment | None = None
    #: Not before so many seconds from now; instead of `run_at`.
    delay_seconds: (
        Annotated[
            float,
            Meta(ge=0, le=MAX_WAIT_SECONDS, description="a number from 0 to 315360000, ten years"),
        ]
        | None
    ) = None
    #: Another queue than the task's own.
    queue: QueueName | None = None
    #: How often it is tried at most, instead of what the task says.
    max_attempts: (
        Annotated[int, Meta(ge=1, le=100, description="a number from 1 to 100")] | None
    ) = None
    #: Seconds that an attempt may take before it is interrupted.
    timeout_seconds: (
        Annotated[int, Meta(ge=1, le=43_200, description="a number from 1 to 43200, twelve hours")]
        | None
    ) = None
    #: No second one while a job with this task and parameters has not ended: the answer is that.
    unique: bool = False
    #: Jobs of the project that share a key run one at a time, in the order of submission.
    key: Key | None = None
    #: Where the end of this job alone is told, besides the webhooks of the project.
    webhook: JobWebhook | None = None
    #: Take the place of those of the same key and task that wait: they end as REVOKED.
    supersede: bool = False
    tags: Tags = field(default_factory=list)


class SubmittedJobs(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Jobs to run: all of them are accepted, or none."""

    jobs: Annotated[
        list[SubmittedJob],
        Meta(min_length=1, max_length=MAX_JOBS, description="a list of 1 to 1000 jobs"),
    ]


class JobCriteria(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which jobs: those that fulfil all that is said."""

    state: JobState | None = None
    task: TaskName | None = None
    queue: QueueName | None = None
    key: Key | None = None
    tag: Tag | None = None
    #: Those that follow this job or were sent by it, such as deliveries that tell of it.
    parent_id: JobId | None = None
    #: Text in the error; of jobs in the state FAILURE, unless another state is named.
    error: (
        Annotated[str, Meta(min_length=1, max_length=200, description="1 to 200 characters")] | None
    ) = None
    #: Made at this moment or later.
    created_after: Moment | None = None
    #: Made before this moment.
    created_before: Moment | None = None


class JobPage(JobCriteria, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Query of a request that lists jobs."""

    limit: Annotated[int, Meta(ge=1, le=100, description="a number from 1 to 100")] = 50
    #: `next` of the page before.
    after: JobId | None = None
    #: Whether to count all that match, which takes the longer the more there are.
    total: bool = False


class JobWait(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Query of a request that looks at a job."""

    #: Seconds to wait for a change of its state.
    wait: Annotated[float, Meta(ge=0, le=25, description="a number from 0 to 25")] = 0.0
    #: The state that is known already: the answer comes when it is another.
    state: JobState | None = None


class OrderedJobs(JobCriteria, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Which jobs an order is for, and whether it is only to count them."""

    #: Only count.
    dry_run: bool = False
    #: Most jobs that this request handles.
    limit: Annotated[int, Meta(ge=1, le=MAX_JOBS, description="a number from 1 to 1000")] = MAX_JOBS

    def __post_init__(self) -> None:
        if all(getattr(self, name) is None for name in JobCriteria.__struct_fields__):
            raise ValueError("Expected at least one criterion, such as created_before.")
