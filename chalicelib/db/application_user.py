"""The user that the API and the workers log in as, on MySQL: rows are all that it may touch.

The owner of the schema makes it, with the migrations. Its secret is the record of its password,
and the server follows: whatever went wrong before, running this again sets it right. A user that
shows tokens of IAM (`chalicelib.db.iam`) has neither.
"""

from __future__ import annotations

import secrets

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError

from chalicelib.db.credentials import Login, read_secret, write_secret
from chalicelib.errors import BellpullError

#: All that the code asks of the database; the schema is the migrations'.
PRIVILEGES = "SELECT, INSERT, UPDATE, DELETE"
_USERNAME = "bellpull_application"
#: RDS's own: the server asks IAM whether a token is good.
_IAM_PLUGIN = "AWSAuthenticationPlugin AS 'RDS'"


class UserNotMade(BellpullError):
    """The application's user could not be made: DATABASE_URL's must own the schema, and users."""

    code = "user-not-made"


def ensure_application_user(
    connection: Connection, secret_arn: str, *, new_password: bool = False
) -> str:
    """Make the user that the secret names, or that it will name if it is empty; its name.

    `connection`: the schema owner's, to the database that the user may use.
    `new_password`: change the password. Those who know the old one read the secret anew when
    they are refused; MySQL, other than MariaDB, takes both until the change after this one.

    Raises:
        DatabaseUnavailable: the secret cannot be read or written.
    """
    login = read_secret(secret_arn)
    if login is None:
        login = _invent_login(_USERNAME)
        write_secret(secret_arn, login)
    try:
        _identify(connection, "CREATE USER IF NOT EXISTS", login)
        _identify(connection, "ALTER USER", login)
        _grant(connection, login.username)
        if new_password:
            login = _invent_login(login.username)
            version = str(connection.exec_driver_sql("SELECT VERSION()").scalar_one())
            retain = "" if "MariaDB" in version else " RETAIN CURRENT PASSWORD"
            _identify(connection, "ALTER USER", login, retain)
    except DBAPIError as error:
        raise UserNotMade from error
    if new_password:
        write_secret(secret_arn, login)
    return login.username


def ensure_iam_user(connection: Connection, username: str) -> None:
    """Make the user that shows tokens of IAM in the place of a password. Raises UserNotMade."""
    owner = str(connection.exec_driver_sql("SELECT CURRENT_USER()").scalar_one())
    if owner.rpartition("@")[0] == username:
        raise UserNotMade(f"{username} owns the schema: its password is needed for that.")
    try:
        for verb in ("CREATE USER IF NOT EXISTS", "ALTER USER"):
            statement = f"{verb} %s@'%%' IDENTIFIED WITH {_IAM_PLUGIN}"
            connection.exec_driver_sql(statement, (username,))
        _grant(connection, username)
    except DBAPIError as error:
        raise UserNotMade(
            f"{username} could not be made: users that show tokens of IAM are there at RDS alone,"
            " and DATABASE_URL's must own the schema, and users."
        ) from error


def _invent_login(username: str) -> Login:
    return Login(username, secrets.token_urlsafe(32))


def _identify(connection: Connection, verb: str, login: Login, more: str = "") -> None:
    connection.exec_driver_sql(
        f"{verb} %s@'%%' IDENTIFIED BY %s{more}", (login.username, login.password)
    )


def _grant(connection: Connection, username: str) -> None:
    # In the name of a database, here alone, _ and % stand for any text.
    database = connection.exec_driver_sql("SELECT DATABASE()").scalar_one()
    pattern = database.replace("_", r"\_").replace("%", r"\%%").replace("`", "``")
    connection.exec_driver_sql(f"GRANT {PRIVILEGES} ON `{pattern}`.* TO %s@'%%'", (username,))
