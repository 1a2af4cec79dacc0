"""Connections to the record, and transactions on them.

Connections stay in autocommit mode, so that a lone statement is one round trip, and
`in_transaction` says BEGIN and COMMIT itself. MySQL runs at READ COMMITTED: fewer gap
locks than REPEATABLE READ, and the same on RDS and Aurora.
"""

from __future__ import annotations

import os
import random
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from functools import lru_cache, partial
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, InternalError, InvalidatePoolError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.pool import QueuePool

from chalicelib.errors import DatabaseUnavailable, RowLocked
from chalicelib.settings import Settings, get_settings

T = TypeVar("T")

#: Errors after which the same transaction may succeed: lock wait timeout, deadlock.
_MYSQL_LOCK_WAIT = 1205
_MYSQL_TRY_AGAIN = frozenset({_MYSQL_LOCK_WAIT, 1213})
#: Too many connections, shutting down, read-only (a failover), and the client's own errors of
#: connecting and of lost connections.
_MYSQL_AWAY = frozenset(
    {1040, 1053, 1152, 1158, 1159, 1160, 1161, 1184, 1203, 1226, 1290, 1836, 1927, 3024, 3572}
    | {1044, 1045, 1049, 1129, 1130, 4031}
    | set(range(2000, 2061))
)
_SQLITE_AWAY = ("locked", "unable to open", "disk I/O error", "readonly database", "full")
_TRIES = 6
#: Where a connection keeps what is to be called after its transaction.
_AFTER_COMMIT = "after_commit"
#: Seconds after which a connection is looked at before it is used again.
_IDLE_SECONDS = 2.0
#: Seconds a transaction on SQLite waits for the one writer before it.
_SQLITE_BUSY_SECONDS = 30.0


def make_engine(
    url: str,
    *,
    pool_size: int = 1,
    ca_file: str | None = None,
    secret_arn: str | None = None,
    iam_region: str | None = None,
    read_timeout_seconds: int = 30,
    lock_wait_seconds: int | None = None,
    **options: Any,
) -> Engine:
    """An engine for `url` (mysql+pymysql:// or sqlite:///); connects only when used.

    `pool_size`: connections kept; more threads than that wait for one.
    `ca_file`: certificates (PEM) that a remote server's certificate is checked against.
    `secret_arn`: the secret with user and password, if the URL has none (MySQL).
    `iam_region`: where the database is, if its user shows tokens of IAM (RDS).
    `read_timeout_seconds`: how long a statement may take (MySQL).
    `lock_wait_seconds`: how long it waits for a row that another transaction has locked, in
    place of the server's own 50 s (MySQL); then it raises RowLocked.
    """
    parsed = make_url(url)
    options = {
        "isolation_level": "AUTOCOMMIT",
        "skip_autocommit_rollback": True,
        "poolclass": QueuePool,
        "pool_size": pool_size,
        "max_overflow": 0,
        "pool_timeout": 10,
        "hide_parameters": True,  # they are what clients sent, and errors are logged
        **options,
    }
    if parsed.get_backend_name() == "sqlite":
        if parsed.database and parsed.database != ":memory:":
            Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
        engine = create_engine(parsed, connect_args={"timeout": _SQLITE_BUSY_SECONDS}, **options)
        event.listen(engine, "connect", _prepare_sqlite)
        return engine
    connect_args: dict[str, Any] = {
        "connect_timeout": 5,
        "read_timeout": read_timeout_seconds,
        "write_timeout": 30,
        "init_command": "SET SESSION TRANSACTION ISOLATION LEVEL READ COMMITTED",
    }
    if parsed.host not in (None, "localhost", "127.0.0.1", "::1"):
        connect_args["ssl"] = _ssl_context(ca_file)
    engine = create_engine(
        parsed.set(query={"charset": "utf8mb4", **parsed.query}),
        connect_args=connect_args,
        pool_recycle=300,
        **options,
    )
    if lock_wait_seconds is not None:
        event.listen(engine, "connect", partial(_limit_lock_waits, lock_wait_seconds))
    event.listen(engine, "checkin", _note_use)
    event.listen(engine, "checkout", _ping_if_idle)
    _find_credentials(engine, secret_arn, iam_region)
    return engine


def _find_credentials(engine: Engine, secret_arn: str | None, iam_region: str | None) -> None:
    if secret_arn is not None:
        from chalicelib.db.credentials import use_secret

        use_secret(engine, secret_arn)
    if iam_region is not None:
        from chalicelib.db.iam import use_iam

        use_iam(engine, iam_region)


@lru_cache(maxsize=1)
def _ssl_context(ca_file: str | None) -> ssl.SSLContext:
    """One for the process: PyMySQL builds its own at each connect, 22 of its 27 ms.

    Without `ca_file` it encrypts and does not verify: RDS's certificates are signed by an
    authority of its own that no system knows.
    """
    context = ssl.create_default_context(cafile=ca_file)
    # Chain, name and dates are checked. Python 3.13 would also refuse servers whose certificates
    # lack extensions (RFC 5280, 4.2.1.1) that authorities leave out to this day.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    if ca_file is None:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _limit_lock_waits(seconds: int, connection: Any, record: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SET SESSION innodb_lock_wait_timeout = %s", (seconds,))


def _note_use(_connection: Any, record: Any) -> None:
    record.info["used_at"] = time.time()


def _ping_if_idle(connection: Any, record: Any, _proxy: Any) -> None:
    """Look whether a connection that nobody used lately still leads somewhere.

    Not before each use, which would double the round trips of a busy process. By the clock of
    the day: a Lambda between two requests is frozen, and its other clocks are too.
    """
    if abs(time.time() - record.info.get("used_at", time.time())) < _IDLE_SECONDS:
        return
    try:
        connection.ping(reconnect=False)
    except Exception as error:
        raise InvalidatePoolError from error


def _prepare_sqlite(connection: Any, record: Any) -> None:
    cursor = connection.cursor()
    cursor.execute("PRAGMA journal_mode = WAL")
    cursor.execute("PRAGMA synchronous = NORMAL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()


@lru_cache(maxsize=1)
def get_engine() -> Engine:
    """The engine of this process, for DATABASE_URL."""
    return make_configured_engine(get_settings())


def make_configured_engine(settings: Settings, **options: Any) -> Engine:
    """An engine by the settings; `options`: of `make_engine`, in their place."""
    return make_engine(
        settings.database_url,
        **{
            "pool_size": settings.database_pool_size,
            "ca_file": settings.database_ca_file,
            "secret_arn": settings.database_secret_arn,
            "iam_region": settings.iam_region,
            **options,
        },
    )


@contextmanager
def connect(engine: Engine) -> Iterator[Connection]:
    """A connection for lone statements, each of which commits itself.

    Raises:
        DatabaseUnavailable: the database cannot be reached.
    """
    with _unforked(engine), _translate_errors(), engine.connect() as connection:
        yield connection


def _unforked(engine: Engine) -> AbstractContextManager[object]:
    """While this lasts the process is not forked: SQLite's locks would be copied as they are.

    A worker's pool process that is born while another thread writes would wait for them for
    ever, or believe that it holds them. https://www.sqlite.org/howtocorrupt.html, section 2.6
    """
    return _sqlite_in_use if engine.dialect.name == "sqlite" else nullcontext()


_sqlite_in_use = threading.RLock()
os.register_at_fork(
    before=_sqlite_in_use.acquire,
    after_in_parent=_sqlite_in_use.release,
    after_in_child=_sqlite_in_use.release,
)


def in_transaction(engine: Engine, work: Callable[[Connection], T]) -> T:
    """Run `work` in one transaction and return what it returns.

    A transaction that the database chose as the victim of a deadlock is run again, so
    `work` must have no effect outside of the database.

    Raises:
        DatabaseUnavailable: the database cannot be reached. When the connection broke at
            the commit itself, nobody can say whether it took place.
    """
    begin = "BEGIN IMMEDIATE" if engine.dialect.name == "sqlite" else "BEGIN"
    for attempt in range(1, _TRIES + 1):
        with connect(engine) as connection:
            calls: dict[Callable[[Engine], object], None] = {}
            connection.info[_AFTER_COMMIT] = calls
            try:
                connection.exec_driver_sql(begin)
                result = work(connection)
                connection.exec_driver_sql("COMMIT")
                break
            except BaseException as error:
                _roll_back(connection)
                if attempt == _TRIES or not _may_try_again(error):
                    raise
        time.sleep(random.uniform(0, 0.02 * 2**attempt))
    for call in calls:
        call(engine)
    return result


def after_commit(connection: Connection, call: Callable[[Engine], object]) -> None:
    """Have `call` called, once, when the transaction that `in_transaction` runs has committed.

    It must not raise: what was committed is not undone by it.
    """
    connection.info.setdefault(_AFTER_COMMIT, {})[call] = None


def _roll_back(connection: Connection) -> None:
    try:
        if not connection.invalidated:
            connection.exec_driver_sql("ROLLBACK")
    except DBAPIError:
        connection.invalidate()  # a connection in an unknown state must not be reused


def _may_try_again(error: BaseException) -> bool:
    if not isinstance(error, OperationalError | InternalError) or error.orig is None:
        return False
    code = error.orig.args[0] if error.orig.args else None
    return code in _MYSQL_TRY_AGAIN or "database is locked" in str(error.orig)


@contextmanager
def _translate_errors() -> Iterator[None]:
    try:
        yield
    except PoolTimeout as error:
        raise DatabaseUnavailable from error
    except DBAPIError as error:
        if error.connection_invalidated or _is_away(error):
            raise (RowLocked if _is_lock_wait(error) else DatabaseUnavailable) from error
        raise


def _is_lock_wait(error: DBAPIError) -> bool:
    return bool(error.orig and error.orig.args and error.orig.args[0] == _MYSQL_LOCK_WAIT)


def _is_away(error: DBAPIError) -> bool:
    """Whether the database is away or busy; PyMySQL calls a bad statement operational too."""
    if not isinstance(error, OperationalError | InternalError) or error.orig is None:
        return False
    code = error.orig.args[0] if error.orig.args else None
    if isinstance(code, int):
        return code in _MYSQL_TRY_AGAIN or code in _MYSQL_AWAY
    text = str(error.orig)
    return any(words in text for words in _SQLITE_AWAY)
