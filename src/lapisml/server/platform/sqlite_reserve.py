"""Room inside the SQLite file and its write-ahead log, which no other program can eat up.

A full disk refuses every growth of a file. A few mebibytes of pages that hold nothing, and a log that has been
that long before, can be written over without growing: enough to cancel and to delete.
See https://www.sqlite.org/wal.html#checkpointing for when the log is written over from its start.
"""

from __future__ import annotations

import logging
from contextlib import suppress

from sqlalchemy import Column, Integer, LargeBinary, Table, delete, func, insert
from sqlalchemy.exc import SQLAlchemyError

from lapisml.core.errors import LapisError
from lapisml.server.platform.database import Database, metadata

log = logging.getLogger("lapisml.server")

disk_reserve = Table(
    "disk_reserve",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("filler", LargeBinary, nullable=False),
)

SIZE = 2 * 2**20


class SqliteReserve:
    """Implements `lapisml.server.platform.capacity.InnerReserve`; on PostgreSQL it does nothing."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self) -> None:
        """Put empty pages aside, and make the log as long as they are; again and again without growing.

        Raises:
            LapisError: StorageFull.
        """
        if not self._database.is_sqlite:
            return
        with self._database.write() as connection:
            connection.execute(delete(disk_reserve))
            connection.execute(insert(disk_reserve).values(id=1, filler=func.zeroblob(SIZE)))
        self._restart_log()

    def give_up(self) -> None:
        """Make the empty pages free for others, and let the log begin anew."""
        if not self._database.is_sqlite:
            return
        with suppress(LapisError, SQLAlchemyError):
            self._restart_log()
            with self._database.write() as connection:
                connection.execute(delete(disk_reserve))
            self._restart_log()

    def _restart_log(self) -> None:
        with suppress(SQLAlchemyError), self._database.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(RESTART)").close()
