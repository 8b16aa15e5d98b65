"""Runs the migration scripts so that a failure leaves the database as it was.

SQLite: on a copy, which then takes the file's place in one rename. PostgreSQL: in one transaction, which its
transactional DDL rolls back whole.
"""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.util import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.platform.database import Database

_ADVISORY_LOCK = 0x1A915


def upgrade(database: Database, scripts: Path, head: str) -> None:
    """Bring a database to version `head`.

    Args:
        scripts: folder with ``env.py`` and ``versions/``.

    Raises:
        LapisError: DatabaseVersion; the database is as it was.
    """
    try:
        if database.is_sqlite:
            _upgrade_copy(database, scripts, head)
            return
        with database.write() as connection:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
            run_scripts(connection, scripts, head)
    except (SQLAlchemyError, sqlite3.Error, CommandError, OSError, ArithmeticError, LookupError, ValueError) as error:
        raise LapisError(
            ErrorCode.DATABASE_VERSION,
            f"The upgrade of the database to version '{head}' failed: {error}",
            "The database is as it was before: the release that wrote it can still use it.",
        ) from error


def run_scripts(connection: Connection, scripts: Path, head: str) -> None:
    """Run the scripts up to `head` on an open connection, within its transaction."""
    command.upgrade(alembic_config(scripts, connection), head)


def alembic_config(scripts: Path, connection: Connection | None = None) -> Config:
    """Make Alembic's configuration without a file."""
    config = Config()
    config.set_main_option("script_location", str(scripts).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    return config


def _upgrade_copy(database: Database, scripts: Path, head: str) -> None:
    file = Path(database.engine.url.database or "")
    copy = file.with_name(f"{file.name}.upgrading")
    try:
        _copy(file, copy)
        working = Database(f"sqlite:///{copy}")
        try:
            with working.write() as connection:
                connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
                run_scripts(connection, scripts, head)
            _check(working)
        finally:
            working.close()
        _fold_journal(copy)
        database.close()
        _fold_journal(file)
        copy.replace(file)
    finally:
        for suffix in ("", "-wal", "-shm"):
            copy.with_name(copy.name + suffix).unlink(missing_ok=True)


def _copy(source: Path, target: Path) -> None:
    target.unlink(missing_ok=True)
    with closing(sqlite3.connect(source)) as old, closing(sqlite3.connect(target)) as new:
        old.backup(new)
    shutil.copymode(source, target)


def _check(database: Database) -> None:
    with database.read() as connection:
        found = connection.exec_driver_sql("PRAGMA integrity_check").scalar()
        broken = connection.exec_driver_sql("PRAGMA foreign_key_check").first()
    if found != "ok" or broken is not None:
        raise ValueError(f"the upgraded copy is not sound: {found}, {broken}")


def _fold_journal(file: Path) -> None:
    """Write the write-ahead log into the file and remove it, so that the file is whole by itself."""
    with closing(sqlite3.connect(file)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")
