"""Bringing the database to the version that this release understands, or refusing it. See docs/migrations.md.

The usual start reads one row and imports nothing of Alembic.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Connection, MetaData, inspect, text
from sqlalchemy.exc import DBAPIError

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.migrations import HEAD, KNOWN
from lapisml.server.platform.database import Database, metadata
from lapisml.server.platform.errors import is_disk_full, storage_full

log = logging.getLogger("lapisml.server")

VERSION_TABLE = "alembic_version"
_ADVISORY_LOCK = 0x1A915


@dataclass(frozen=True)
class Versions:
    """The versions that a release understands.

    Attributes:
        head: the version it works with.
        known: older ones that it can bring to `head`.
        scripts: folder of the migration scripts.
    """

    head: str = HEAD
    known: frozenset[str] = KNOWN
    scripts: Path = Path(__file__).resolve().parents[1] / "migrations"


def prepare_schema(database: Database, versions: Versions | None = None, tables: MetaData = metadata) -> None:
    """Make the tables of an empty database, or upgrade those of an older release.

    Raises:
        LapisError: DatabaseVersion when the database is of a newer release or not Lapis's, or when the upgrade
            failed; the database is as it was then. StorageUnreachable when it does not answer.
    """
    versions = versions or Versions()
    try:
        found = _version(database)
        if found is None:
            _create(database, versions, tables)
            found = _version(database)
    except DBAPIError as error:
        if is_disk_full(error):
            raise storage_full() from error
        raise LapisError(
            ErrorCode.STORAGE_UNREACHABLE,
            f"The database {database.shown_url} can't be opened: {error.orig}",
            "Check LAPIS_DATABASE_URL, and that the database runs.",
        ) from error
    if found == versions.head:
        return
    if found not in versions.known:
        raise _not_understood(found, versions)
    from lapisml.server.migrations.upgrade import upgrade

    log.warning("schema.upgrade from %s to %s", found, versions.head)
    upgrade(database, versions.scripts, versions.head)


def _version(database: Database) -> str | None:
    """Read the version; None when the database was never Lapis's, empty when it does not say."""
    with database.read() as connection:
        if not inspect(connection).has_table(VERSION_TABLE):
            return None
        found = connection.execute(text(f"SELECT version_num FROM {VERSION_TABLE}")).scalars().all()  # noqa: S608 - a constant
        return found[0] if len(found) == 1 else ""


def _create(database: Database, versions: Versions, tables: MetaData) -> None:
    with database.write() as connection:
        if not database.is_sqlite:
            connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": _ADVISORY_LOCK})
        present = set(inspect(connection).get_table_names())
        if VERSION_TABLE in present:  # another server was faster
            return
        if present:
            raise LapisError(
                ErrorCode.DATABASE_VERSION,
                f"The database {database.shown_url} holds tables that are not Lapis's ({sorted(present)[0]} …).",
                "Give Lapis a database of its own.",
            )
        tables.create_all(connection)
        _stamp(connection, versions.head)


def _stamp(connection: Connection, version: str) -> None:
    connection.execute(
        text(
            f"CREATE TABLE {VERSION_TABLE} (version_num VARCHAR(32) NOT NULL, "
            f"CONSTRAINT {VERSION_TABLE}_pkc PRIMARY KEY (version_num))"
        )
    )
    connection.execute(text(f"INSERT INTO {VERSION_TABLE} VALUES (:v)"), {"v": version})  # noqa: S608 - a constant


def _not_understood(found: str | None, versions: Versions) -> LapisError:
    return LapisError(
        ErrorCode.DATABASE_VERSION,
        f"The database has version '{found}', which this release of Lapis does not know; it knows '{versions.head}'.",
        "Start it with the release that wrote it, or a newer one. Nothing was changed.",
    )
