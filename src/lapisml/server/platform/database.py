"""The database: one engine, short read and write transactions, portable column types.

SQLite runs in write-ahead mode with full synchronisation: a committed transaction survives the loss of
power (https://www.sqlite.org/pragma.html#pragma_synchronous). Writers of this process take turns on a lock
instead of spinning on SQLite's busy handler. PostgreSQL needs neither.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import orjson
from sqlalchemy import BigInteger, Dialect, MetaData, Text, create_engine, event
from sqlalchemy.engine import Connection, Engine, make_url
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeDecorator

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.platform.errors import is_disk_full, storage_full

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)

Millis = BigInteger
"""Column type of every point in time: milliseconds since 1970-01-01 UTC."""


_first_write: ContextVar[list[Callable[[Connection], None]] | None] = ContextVar("first_write", default=None)
"""What the request at hand wants to write along with its first transaction."""


@contextmanager
def on_first_write(call: Callable[[Connection], None]) -> Iterator[None]:
    """Within the block, let `call` write along with the first write transaction of this context."""
    token = _first_write.set([call])
    try:
        yield
    finally:
        _first_write.reset(token)


def _tell_first_write(connection: Connection) -> None:
    waiting = _first_write.get()
    if waiting:
        waiting.pop()(connection)


class JsonText(TypeDecorator[Any]):
    """A JSON value kept as text, the same on every database; mappings keep their order."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Dialect) -> str | None:  # noqa: ARG002
        """Serialise on the way in."""
        return None if value is None else orjson.dumps(value).decode()

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:  # noqa: ARG002
        """Parse on the way out."""
        return None if value is None else orjson.loads(value)


class Database:
    """One engine with `read()` and `write()` transactions.

    Args:
        url: SQLAlchemy URL, ``sqlite:///file`` or ``postgresql+psycopg://…`` (``postgresql://`` is understood).

    Raises:
        LapisError: MissingPackage when the driver of `url` is not installed.
    """

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        if parsed.drivername in ("postgresql", "postgres"):
            parsed = parsed.set(drivername="postgresql+psycopg")
        self.is_sqlite = parsed.get_backend_name() == "sqlite"
        self.shown_url = parsed.render_as_string(hide_password=True)
        self._write_lock = threading.Lock()
        self._on_full: Callable[[], None] = lambda: None
        try:
            self.engine = self._sqlite_engine(parsed) if self.is_sqlite else self._server_engine(parsed)
        except ModuleNotFoundError as error:
            raise LapisError(
                ErrorCode.MISSING_PACKAGE,
                f"The database driver for {parsed.drivername} is not installed.",
                'Install it: pip install "lapisml[postgres]"',
            ) from error

    @staticmethod
    def _sqlite_engine(url: Any) -> Engine:
        engine = create_engine(
            url,
            pool_size=32,
            max_overflow=64,
            pool_use_lifo=True,  # the connection used last still has in memory what it wrote
            connect_args={"timeout": 30, "check_same_thread": False},
        )

        @event.listens_for(engine, "connect")
        def _prepare(connection: Any, _record: Any) -> None:
            connection.isolation_level = None
            for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "temp_store=MEMORY"):
                connection.execute(f"PRAGMA {pragma}").close()

        return engine

    @staticmethod
    def _server_engine(url: Any) -> Engine:
        return create_engine(url, pool_size=16, max_overflow=32, pool_pre_ping=True)

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a transaction for reading; it sees one consistent state and is rolled back at its end."""
        with self.engine.connect() as connection:
            if self.is_sqlite:
                _begin_sqlite(connection, "BEGIN")
            try:
                yield connection
            finally:
                connection.rollback()
                if self.is_sqlite:
                    _end_sqlite(connection, "ROLLBACK")

    def when_full(self, call: Callable[[], None]) -> None:
        """Call `call` whenever a write finds no space on the disk."""
        self._on_full = call

    @contextmanager
    def write(self, wait: bool = True) -> Iterator[Connection]:
        """Open a transaction for writing: committed when the block ends, rolled back when it raises.

        Args:
            wait: False gives up, on SQLite, when another thread is writing.

        Raises:
            LapisError: StorageFull when the disk has no room for it; nothing of it is written then.
            BlockingIOError: another thread is writing, and `wait` is False.
        """
        try:
            with self._transaction(wait) as connection:
                yield connection
        except (DBAPIError, sqlite3.Error) as error:
            if not is_disk_full(error):
                raise
            self._on_full()
            raise storage_full() from error

    @contextmanager
    def _transaction(self, wait: bool) -> Iterator[Connection]:
        if not self.is_sqlite:
            with self.engine.begin() as connection:
                yield connection
                _tell_first_write(connection)
            return
        if not self._write_lock.acquire(blocking=wait):
            raise BlockingIOError("another thread is writing")
        try:
            with self.engine.connect() as connection:
                _begin_sqlite(connection, "BEGIN IMMEDIATE")
                try:
                    yield connection
                    _tell_first_write(connection)
                    _end_sqlite(connection, "COMMIT")
                except BaseException:
                    _end_sqlite(connection, "ROLLBACK")
                    raise
        finally:
            self._write_lock.release()

    def close(self) -> None:
        """Close every connection."""
        self.engine.dispose()


def _begin_sqlite(connection: Connection, how: str) -> None:
    raw = connection.connection.dbapi_connection
    assert raw is not None
    raw.execute(how)  # on the driver itself: SQLAlchemy's way to run text costs 20 times as much


def _end_sqlite(connection: Connection, how: str) -> None:
    raw = connection.connection.dbapi_connection
    if raw is not None and raw.in_transaction:
        raw.execute(how)
