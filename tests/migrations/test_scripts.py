"""The migration scripts against the tables that the code declares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from sqlalchemy import inspect, text

from lapisml.server.app import create_app
from lapisml.server.migrations import HEAD, KNOWN
from lapisml.server.migrations.upgrade import alembic_config, run_scripts
from lapisml.server.platform.database import Database, metadata
from lapisml.server.platform.schema import VERSION_TABLE, Versions

assert create_app, "importing the application declares every table"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    yield made
    made.close()


def _shape(database: Database) -> dict[str, Any]:
    """Describe every table: columns, keys, indexes, and on SQLite the options of the table."""
    found = inspect(database.engine)
    shape = {}
    for table in found.get_table_names():
        columns = {
            c["name"]: (str(c["type"]), c["nullable"], bool(c.get("autoincrement"))) for c in found.get_columns(table)
        }
        foreign = [
            (k["name"], k["constrained_columns"], k["referred_table"], k["referred_columns"], k["options"])
            for k in found.get_foreign_keys(table)
        ]
        shape[table] = {
            "columns": columns,
            "primary": found.get_pk_constraint(table),
            "foreign": sorted(foreign),
            "unique": sorted((u["name"], u["column_names"]) for u in found.get_unique_constraints(table)),
            "indexes": sorted((i["name"], i["column_names"], bool(i["unique"])) for i in found.get_indexes(table)),
            "options": _options(database, table),
        }
    shape.pop(VERSION_TABLE)
    return shape


def _options(database: Database, table: str) -> list[str]:
    if not database.is_sqlite:
        return []
    with database.read() as connection:
        sql = connection.execute(text("SELECT sql FROM sqlite_master WHERE name = :n"), {"n": table}).scalar_one()
    return [word for word in ("AUTOINCREMENT", "WITHOUT ROWID", "STRICT") if word in sql]


def test_the_scripts_give_exactly_the_declared_tables(database: Database) -> None:
    with database.write() as connection:
        run_scripts(connection, Versions().scripts, HEAD)
    migrated = _shape(database)
    with database.write() as connection:
        metadata.drop_all(connection)
        metadata.create_all(connection)
    declared = _shape(database)
    assert migrated.keys() == declared.keys()
    for table in declared:
        assert migrated[table] == declared[table], table


def test_head_is_the_last_script_and_every_known_version_is_one() -> None:
    scripts = ScriptDirectory.from_config(alembic_config(Versions().scripts))
    assert scripts.get_heads() == [HEAD]
    assert {script.revision for script in scripts.walk_revisions()} == set(KNOWN)
