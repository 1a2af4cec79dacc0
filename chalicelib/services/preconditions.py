"""What a client asks of a row before it is changed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Row

#: Looks at the row under its lock; raises PreconditionFailed if it is not what was seen.
Require = Callable[[Row[Any]], None]
