"""The driver's own connection, for the statements that run thousands of times.

SQLAlchemy's result rows and statement objects cost more than the statements of the hot paths themselves
(a point costs 2 µs to insert); these few helpers go to the driver within the same transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import orjson
from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError


def raw(connection: Connection) -> Any:
    """Return the driver's connection (sqlite3's or psycopg's); both have ``execute``."""
    return connection.connection.driver_connection


@contextmanager
def driver_errors(connection: Connection) -> Iterator[None]:
    """Within the block, give an error of PostgreSQL's driver the form that SQLAlchemy gives it."""
    driver = connection.dialect.loaded_dbapi
    try:
        yield
    except driver.Error as error:
        if is_sqlite(connection):
            raise
        wrapped = DBAPIError.instance("", None, error, driver.Error, dialect=connection.dialect)
        raise wrapped from error


def is_sqlite(connection: Connection) -> bool:
    """Say which of the two databases this is."""
    return connection.dialect.name == "sqlite"


def fetch(connection: Connection, sql: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
    """Run a query written with ``?`` placeholders and return plain tuples."""
    if is_sqlite(connection):
        found: list[tuple[Any, ...]] = raw(connection).execute(sql, values).fetchall()
        return found
    with driver_errors(connection):
        fetched: list[tuple[Any, ...]] = raw(connection).execute(sql.replace("?", "%s"), values).fetchall()
    return fetched


def run_many(connection: Connection, sql: str, rows: Sequence[Sequence[Any]]) -> None:
    """Run a statement written with ``?`` placeholders once for each row of values."""
    if not rows:
        return
    if is_sqlite(connection):
        raw(connection).executemany(sql, rows)
        return
    with driver_errors(connection), raw(connection).cursor() as cursor:
        cursor.executemany(sql.replace("?", "%s"), rows)


def fetch_among(
    connection: Connection, sql: str, values: Iterable[Any], *, before: Sequence[Any] = (), after: Sequence[Any] = ()
) -> list[tuple[Any, ...]]:
    """Run a query in which ``AMONG ?`` asks whether what stands before it is one of many values.

    The values go as one parameter, however many there are.

    Args:
        before, after: the values of the other placeholders, left and right of that one.
    """
    many = list(values)
    if is_sqlite(connection):
        text = sql.replace("AMONG ?", "IN (SELECT value FROM json_each(?))")
        return fetch(connection, text, [*before, orjson.dumps(many).decode(), *after])
    return fetch(connection, sql.replace("AMONG ?", "= ANY(?)"), [*before, many, *after])


def fetch_each_among(
    connection: Connection, queries: Sequence[str], values: Iterable[Any]
) -> list[list[tuple[Any, ...]]]:
    """Run several queries that each ask ``AMONG ?`` for the same values; on PostgreSQL they go in one go."""
    many = list(values)
    if is_sqlite(connection):
        return [fetch_among(connection, sql, many) for sql in queries]
    driver = raw(connection)
    with driver_errors(connection), driver.pipeline():
        cursors = [driver.execute(sql.replace("AMONG ?", "= ANY(%s)"), (many,)) for sql in queries]
        return [cursor.fetchall() for cursor in cursors]


def number_array(numbers: Iterable[float]) -> str:
    """Write numbers as the text of a PostgreSQL array: a fifth of what the driver needs to write a thousand."""
    return "{" + ",".join(map(repr, numbers)) + "}"
