"""A secret of Secrets Manager that holds a login."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any


class Secret:
    """One without a value at first."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self.arn = str(client.create_secret(Name=uuid.uuid4().hex)["ARN"])

    def read(self) -> dict[str, str]:
        """The login that it holds."""
        value = self._client.get_secret_value(SecretId=self.arn)["SecretString"]
        login: dict[str, str] = json.loads(value)
        return login

    def write(self, username: str, password: str) -> None:
        """Put a login into it."""
        self.put(SecretString=json.dumps({"username": username, "password": password}))

    def put(self, **value: Any) -> None:
        """Put anything into it, by the names of PutSecretValue."""
        self._client.put_secret_value(SecretId=self.arn, **value)


MakeSecret = Callable[[], Secret]
