"""The application over a migrated database and a fake SQS, called without a network."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest
from chalice.app import CaseInsensitiveMapping
from chalice.config import Config
from chalice.local import LambdaEventConverter, RouteMatcher
from sqlalchemy import Engine

from app import app
from chalicelib.broker.sending import get_sender
from chalicelib.db.engine import get_engine
from chalicelib.domain.scopes import Scope
from chalicelib.services.tokens import mint
from chalicelib.settings import get_settings
from infra.local.api import make_server
from infra.local.servers.readiness import find_free_port
from tests.fakes.sqs import FakeSqs, install_sqs

CREATE = {"name": "web", "subnet_ids": ["subnet-1", "subnet-2"]}


class Answer(NamedTuple):
    """What a client sees."""

    status: int
    headers: CaseInsensitiveMapping
    body: Any


class Api:
    """A client without a network, safe in threads; `token`: the one it sends if not told."""

    def __init__(self, token: str) -> None:
        self.token = token
        self._converter = LambdaEventConverter(RouteMatcher(list(app.routes)))

    def __call__(
        self,
        method: str,
        path: str,
        body: Any = None,
        /,
        *,
        headers: dict[str, str] | None = None,
        **changes: Any,
    ) -> Answer:
        """Send `body` (bytes as they are); `changes` go into the event of API Gateway."""
        answer = self.raw(method, path, body, headers=headers, **changes)
        return Answer(
            answer["statusCode"],
            CaseInsensitiveMapping(answer["headers"]),
            json.loads(answer["body"] or "null"),
        )

    def raw(
        self,
        method: str,
        path: str,
        body: Any = None,
        /,
        *,
        headers: dict[str, str] | None = None,
        **changes: Any,
    ) -> Any:
        """The same; returns what API Gateway is given."""
        raw = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        sent = {"X-Auth-Token": self.token} if headers is None else headers
        event = self._converter.create_lambda_event(method, path, sent, raw)
        return app({**event, **changes}, None)

    def post_once(self, path: str, body: Any = None, key: str = "k1", token: str = "") -> Answer:
        """POST with an Idempotency-Key."""
        headers = {"X-Auth-Token": token or self.token, "Idempotency-Key": key}
        return self("POST", path, body, headers=headers)

    def create(self, **fields: Any) -> Any:
        """Ask for a load balancer; the record in the answer."""
        answer = self("POST", "/loadbalancers", CREATE | fields)
        assert answer.status == 202, answer
        return answer.body["load_balancer"]


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Sets variables, and makes the process read them anew. The database is nowhere."""

    def forget() -> None:
        if get_engine.cache_info().currsize:
            get_engine().dispose()
        for cache in (get_engine, get_sender, get_settings):
            cache.cache_clear()

    def change(**variables: str) -> None:
        forget()
        for name, value in variables.items():
            monkeypatch.setenv(name, value)

    monkeypatch.setattr("chalicelib.api.middleware.prepare_process", lambda: None)
    monkeypatch.setattr("chalicelib.api.schedule.prepare_process", lambda: None)
    change(
        DATABASE_URL="mysql+pymysql://root@127.0.0.1:9/nowhere",
        DATABASE_POOL_SIZE="6",
        SQS_QUEUE_URL="http://127.0.0.1:9/123456789012/{queue}",
    )
    yield change
    forget()


@pytest.fixture
def engine(environment: Callable[..., None], database_url: str) -> Iterator[Engine]:
    """The engine that the application uses."""
    environment(DATABASE_URL=database_url)
    engine = get_engine()
    yield engine
    engine.dispose()


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> FakeSqs:
    """What the application rings."""
    return install_sqs(monkeypatch)


@pytest.fixture
def mint_token(engine: Engine) -> Callable[..., str]:
    """Makes tokens: by scope, and by project."""
    return lambda scope, project_id="demo": mint(engine, project_id, [Scope(scope)])[1]


@pytest.fixture
def api(mint_token: Callable[..., str], sqs: FakeSqs) -> Api:
    """The application, called by an admin of the project demo."""
    return Api(mint_token("admin"))


@pytest.fixture
def port(engine: Engine) -> Iterator[int]:
    """The real application on a real server; its requests end before the engine does."""
    chosen, before = find_free_port(), app.__class__
    server = make_server(app, Config(), chosen)
    server.server.daemon_threads = False
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield chosen
    server.shutdown()
    thread.join()
    server.server.server_close()
    app.__class__ = before  # Chalice's server makes the application one of its own kind
