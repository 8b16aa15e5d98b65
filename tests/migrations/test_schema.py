"""Opening databases of every age: empty, at home, older, newer, foreign, and upgrades that fail half-way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, String, Table, inspect, text

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.platform.database import Database
from lapisml.server.platform.schema import Versions, prepare_schema
from lapisml.server.platform.schema import __file__ as schema_file

MIGRATIONS = Path(schema_file).parents[1] / "migrations"

OLD = MetaData()
Table("thing", OLD, Column("id", Integer, primary_key=True), Column("name", String(50)))

SCRIPT = """
from alembic import op
import sqlalchemy as sa

revision, down_revision, branch_labels, depends_on = {revision!r}, {before!r}, None, None


def upgrade():
    {body}
"""
ADD_COLUMN = "op.add_column('thing', sa.Column('size', sa.Integer(), nullable=False, server_default='7'))"


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    yield made
    made.close()


@pytest.fixture
def scripts(tmp_path: Path) -> Path:
    folder = tmp_path / "scripts"
    (folder / "versions").mkdir(parents=True)
    for name in ("env.py", "script.py.mako"):
        (folder / name).write_text((MIGRATIONS / name).read_text())
    _script(folder, "0001", None, "pass")
    return folder


def _script(folder: Path, revision: str, before: str | None, body: str) -> None:
    text_ = SCRIPT.format(revision=revision, before=before, body=body)
    (folder / "versions" / f"{revision}.py").write_text(text_)


def _old_database(database: Database, scripts: Path) -> None:
    prepare_schema(database, Versions("0001", frozenset({"0001"}), scripts), OLD)
    with database.write() as connection:
        connection.execute(text("INSERT INTO thing VALUES (1, 'first')"))


def _columns(database: Database) -> list[str]:
    return [column["name"] for column in inspect(database.engine).get_columns("thing")]


def _version(database: Database) -> str | None:
    with database.read() as connection:
        return connection.execute(text("SELECT version_num FROM alembic_version")).scalar()


def test_an_older_database_is_upgraded_and_keeps_its_rows(database: Database, scripts: Path) -> None:
    _old_database(database, scripts)
    _script(scripts, "0002", "0001", ADD_COLUMN)
    _script(scripts, "0003", "0002", 'op.execute("UPDATE thing SET size = 8")')
    prepare_schema(database, Versions("0003", frozenset({"0001", "0002", "0003"}), scripts), OLD)
    assert _version(database) == "0003"
    with database.write() as connection:
        connection.execute(text("INSERT INTO thing (id, name) VALUES (2, 'second')"))
        rows = [tuple(row) for row in connection.execute(text("SELECT id, name, size FROM thing ORDER BY id"))]
    assert rows == [(1, "first", 8), (2, "second", 7)]


@pytest.mark.parametrize("fault", ["raise ValueError('no')", "op.execute('SELECT * FROM nowhere')"])
def test_an_upgrade_that_fails_half_way_leaves_everything_as_it_was(
    database: Database, scripts: Path, fault: str
) -> None:
    _old_database(database, scripts)
    _script(scripts, "0002", "0001", ADD_COLUMN)
    _script(scripts, "0003", "0002", f"op.execute('DELETE FROM thing'); {fault}")
    with pytest.raises(LapisError) as caught:
        prepare_schema(database, Versions("0003", frozenset({"0001", "0002"}), scripts), OLD)
    assert caught.value.code == ErrorCode.DATABASE_VERSION
    assert _version(database) == "0001"
    assert _columns(database) == ["id", "name"]
    with database.read() as connection:
        assert connection.execute(text("SELECT name FROM thing")).scalars().all() == ["first"]
    prepare_schema(database, Versions("0001", frozenset({"0001"}), scripts), OLD)


def test_a_failed_upgrade_of_sqlite_leaves_the_file_alone(tmp_path: Path, scripts: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'lapis.db'}")
    _old_database(database, scripts)
    _script(scripts, "0002", "0001", f"{ADD_COLUMN}; raise ValueError('no')")
    with pytest.raises(LapisError):
        prepare_schema(database, Versions("0002", frozenset({"0001"}), scripts), OLD)
    database.close()
    assert {path.name for path in tmp_path.iterdir()} == {"lapis.db", "scripts"}


def test_a_newer_database_is_refused_untouched(database: Database, scripts: Path) -> None:
    _old_database(database, scripts)
    with pytest.raises(
        LapisError, match="'0001', which this release of Lapis does not know; it knows '0009'"
    ) as caught:
        prepare_schema(database, Versions("0009", frozenset({"0008", "0009"}), scripts), OLD)
    assert caught.value.code == ErrorCode.DATABASE_VERSION
    assert _version(database) == "0001"


def test_somebody_elses_database_is_refused_untouched(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("CREATE TABLE invoices (id INTEGER)"))
    with pytest.raises(LapisError, match="invoices") as caught:
        prepare_schema(database)
    assert caught.value.code == ErrorCode.DATABASE_VERSION
    assert inspect(database.engine).get_table_names() == ["invoices"]


def test_an_empty_version_table_is_refused(database: Database, scripts: Path) -> None:
    _old_database(database, scripts)
    with database.write() as connection:
        connection.execute(text("DELETE FROM alembic_version"))
    with pytest.raises(LapisError) as caught:
        prepare_schema(database, Versions("0001", frozenset({"0001"}), scripts), OLD)
    assert caught.value.code == ErrorCode.DATABASE_VERSION


def test_a_file_that_is_no_database_is_refused_untouched(tmp_path: Path) -> None:
    file = tmp_path / "lapis.db"
    file.write_text("not a database at all, but somebody's notes " * 100)
    before = file.read_bytes()
    with pytest.raises(LapisError) as caught:
        prepare_schema(Database(f"sqlite:///{file}"))
    assert caught.value.code == ErrorCode.STORAGE_UNREACHABLE
    assert file.read_bytes() == before


def test_a_database_that_is_not_there_is_named_without_its_password() -> None:
    database = Database("postgresql://lapis:S3CRETWORD@127.0.0.1:1/lapis")
    with pytest.raises(LapisError) as caught:
        prepare_schema(database)
    assert caught.value.code == ErrorCode.STORAGE_UNREACHABLE
    assert "S3CRETWORD" not in str(caught.value)
