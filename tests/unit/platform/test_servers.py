"""Which servers are there, and what they agree on."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.joining import check_key
from lapisml.server.platform.database import Database, metadata
from lapisml.server.platform.installation import Installation
from lapisml.server.platform.servers import Server, Servers
from lapisml.server.platform.vault import Vault


@pytest.fixture
def database(database_url: str) -> Iterator[Database]:
    made = Database(database_url)
    with made.write() as connection:
        metadata.create_all(connection)
    yield made
    made.close()


def test_the_first_to_write_a_value_decides(database: Database) -> None:
    installation = Installation(database)
    found: list[str] = []
    writers = [
        threading.Thread(target=lambda word=word: found.append(installation.put_once("place", word))) for word in "abcd"
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    kept = installation.get("place")
    assert found == [kept] * 4
    assert not installation.replace("place", "other", "x")
    assert installation.replace("place", kept, "x")
    assert installation.get("place") == "x"


def test_another_key_is_told_from_ours(database: Database) -> None:
    key = Fernet.generate_key()
    for _ in range(2):
        check_key(Installation(database), Vault(key))
    with pytest.raises(LapisError) as caught:
        check_key(Installation(database), Vault(Fernet.generate_key()))
    assert caught.value.code is ErrorCode.INTEGRITY
    assert "LAPIS_SECRET_KEY" in str(caught.value.hint)


@pytest.mark.postgres
def test_servers_know_of_each_other(postgres_url: str) -> None:
    database = Database(postgres_url)
    with database.write() as connection:
        metadata.create_all(connection)
    one, two = (
        Servers(database, Server(f"elsewhere{n}/boot/1/1", f"site{n}", f"http://{n}.example", "1")) for n in (1, 2)
    )
    one.start()
    assert one.others() == []
    two.start()
    assert [server.url for server in one.others()] == ["http://2.example"]
    assert not one.is_gone(two.me.owner)
    assert one.is_gone("elsewhere3/boot/1/1")
    two.stop()
    assert one.others() == []
    assert one.is_gone(two.me.owner)
    one.stop()
    database.close()


def test_a_key_by_setting(tmp_path: Path) -> None:
    key = Fernet.generate_key().decode()
    sealed = Vault.open(tmp_path / "none", key).encrypt("secret")
    assert Vault.open(tmp_path / "none", f" {key}\n").decrypt(sealed) == "secret"
    assert not (tmp_path / "none").exists()
    with pytest.raises(LapisError, match="not a key"):
        Vault.open(tmp_path / "none", "short")
    Vault.open(tmp_path / "file")
    with pytest.raises(LapisError, match="is not the key in"):
        Vault.open(tmp_path / "file", key)
