from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select, text

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.platform.database import Database, JsonText

things = Table("things", MetaData(), Column("id", Integer, primary_key=True), Column("value", JsonText))


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    with made.write() as connection:
        things.create(connection)
    yield made
    made.close()


def _ids(database: Database) -> list[int]:
    with database.read() as connection:
        return list(connection.execute(select(things.c.id).order_by(things.c.id)).scalars())


def test_a_write_that_raises_leaves_nothing(database: Database) -> None:
    with pytest.raises(ZeroDivisionError):
        _write_then_fail(database)
    assert _ids(database) == []
    with database.write() as connection:
        connection.execute(insert(things).values(id=2))
    assert _ids(database) == [2]


def _write_then_fail(database: Database) -> None:
    with database.write() as connection:
        connection.execute(insert(things).values(id=1))
        _ = 1 / 0


def _write_too_much(database: Database) -> None:
    with database.write() as connection:
        connection.execute(text("PRAGMA max_page_count=4"))
        connection.execute(insert(things).values(id=2, value="x" * 100_000))


def test_a_reader_of_sqlite_sees_one_state_while_others_write(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    with database.write() as connection:
        things.create(connection)
    with database.read() as reading:
        assert reading.execute(select(things.c.id)).all() == []
        with database.write() as connection:
            connection.execute(insert(things).values(id=1))
        assert reading.execute(select(things.c.id)).all() == []
    assert _ids(database) == [1]


def test_many_writers_lose_nothing(database: Database) -> None:
    def write(start: int) -> None:
        for number in range(start, start + 25):
            with database.write() as connection:
                connection.execute(insert(things).values(id=number))

    threads = [threading.Thread(target=write, args=(n * 25,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _ids(database) == list(range(100))


@pytest.mark.parametrize("value", [None, 1, "x", [], {"a": [1, None, "ü"]}, {"": {"b": 1.5}}])
def test_json_comes_back_as_it_went_in(database: Database, value: object) -> None:
    with database.write() as connection:
        connection.execute(insert(things).values(id=1, value=value))
    with database.read() as connection:
        assert connection.execute(select(things.c.value)).scalar_one() == value


def test_a_committed_transaction_survives_the_loss_of_power(tmp_path: Path) -> None:
    """SQLite waits for the disk at every commit: full synchronisation, write-ahead log."""
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    with database.read() as connection:
        pragmas = {
            name: connection.execute(text(f"PRAGMA {name}")).scalar()
            for name in ("synchronous", "journal_mode", "foreign_keys")
        }
    assert pragmas == {"synchronous": 2, "journal_mode": "wal", "foreign_keys": 1}


def test_no_room_is_one_clear_error_and_the_database_goes_on(tmp_path: Path) -> None:
    database = Database(f"sqlite:///{tmp_path / 'x.db'}")
    told: list[str] = []
    database.when_full(lambda: told.append("full"))
    with database.write() as connection:
        things.create(connection)
        connection.execute(insert(things).values(id=1))
    with pytest.raises(LapisError) as caught:
        _write_too_much(database)
    assert caught.value.code == ErrorCode.STORAGE_FULL
    assert told == ["full"]
    assert _ids(database) == [1]


def test_passwords_do_not_show() -> None:
    assert "S3CRET" not in Database("postgresql://u:S3CRET@h/d").shown_url
