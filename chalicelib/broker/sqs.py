"""The SQS client of a process."""

from __future__ import annotations

import os
from functools import lru_cache
from typing import Any

from chalicelib.settings import get_settings


@lru_cache(maxsize=1)
def get_sqs() -> Any:
    """The client; botocore without boto3, which would add nothing here but import time.

    Its time limits leave an API request room to answer when SQS does not.
    """
    from botocore.config import Config
    from botocore.session import get_session

    settings = get_settings()
    return get_session().create_client(
        "sqs",
        region_name=settings.aws_region,
        endpoint_url=settings.sqs_endpoint_url,
        config=Config(
            connect_timeout=2,
            read_timeout=4,
            retries={"mode": "standard", "total_max_attempts": 2},
            tcp_keepalive=True,
        ),
    )


# A fork would write to the same connections as its parent.
os.register_at_fork(after_in_child=get_sqs.cache_clear)
