"""Connections: documents that say where another system is, and secrets that nobody sees by chance."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cryptography.fernet import Fernet
from sqlalchemy import text

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.documents.registry import parse
from lapisml.server.features.connections.service import ConnectionService
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.platform.vault import Vault
from tests.support.assets import World, open_world

SQL = {
    "type": "azure_sql_db",
    "target": "Server=tcp:x",
    "credentials": {"type": "username_password", "username": "u", "password": "canary-1"},
}


@dataclass
class Desk:
    """A world with its connections."""

    world: World
    connections: ConnectionService

    @property
    def ws(self) -> Workspace:
        """The workspace."""
        return self.world.ws

    def put(self, key: str, /, **document: Any) -> dict[str, Any]:
        """Keep a connection; return the document as it is shown."""
        return self.connections.create_or_update(self.ws, key, document, "ann")[0].document

    def secrets(self, name: str) -> dict[str, Any]:
        """Return a document with its secrets."""
        return self.connections.with_secrets(self.ws, name).document


@contextmanager
def _desk(home: Path, database_url: str) -> Iterator[Desk]:
    with open_world(home, database_url) as world:
        yield Desk(world, ConnectionService(world.database, Vault(Fernet.generate_key()), world.clock))


@pytest.fixture
def desk(tmp_path: Path, database_url: str) -> Iterator[Desk]:
    """On SQLite and on PostgreSQL."""
    with _desk(tmp_path / "home", database_url) as made:
        yield made


@pytest.fixture
def plain(tmp_path: Path) -> Iterator[Desk]:
    """On SQLite only, for what does not depend on the database."""
    with _desk(tmp_path / "home", f"sqlite:///{tmp_path / 'plain.db'}") as made:
        yield made


def test_secrets_are_masked_and_given_when_asked_for(plain: Desk) -> None:
    shown = plain.put("db", **SQL)
    assert shown["credentials"] == {"type": "username_password", "username": "u", "password": "***"}
    assert plain.secrets("db")["credentials"]["password"] == "canary-1"
    with plain.world.database.read() as connection:
        row = connection.execute(text("SELECT document, credentials FROM connections")).one()
    assert "canary" not in str(row)


def test_the_mask_leaves_a_secret_as_it_is(desk: Desk) -> None:
    shown = desk.put("db", **SQL)
    desk.put("db", **{**shown, "target": "elsewhere"})
    assert desk.secrets("db")["credentials"]["password"] == "canary-1"
    assert desk.secrets("db")["target"] == "elsewhere"
    desk.connections.update(desk.ws, "db", {"description": "ours"}, "bob")
    assert desk.secrets("db")["credentials"]["password"] == "canary-1"
    desk.put("db", **{**shown, "credentials": {"type": "pat", "pat": "canary-2"}})
    assert desk.secrets("db")["credentials"] == {"type": "pat", "pat": "canary-2"}


def test_keys_of_ones_own_and_keys_at_the_top(plain: Desk) -> None:
    shown = plain.put(
        "own", type="custom", target="x", credentials={"type": "custom_keys", "keys": {"a": "1", "b": "2"}}
    )
    assert shown["credentials"]["keys"] == {"a": "***", "b": "***"}
    plain.put("own", **{**shown, "credentials": {"type": "custom_keys", "keys": {"a": "***", "c": "3"}}})
    assert plain.secrets("own")["credentials"]["keys"] == {"a": "1", "c": "3"}
    top = plain.put("ai", type="azure_open_ai", azure_endpoint="https://x", api_key="canary-3")
    assert top["api_key"] == "***"
    assert plain.secrets("ai")["api_key"] == "canary-3"


def test_lists_are_by_name_and_by_type(plain: Desk) -> None:
    plain.put("db", **SQL)
    plain.put("code", type="Git", target="https://x", credentials={"pat": "p"})
    assert [record.name for record in plain.connections.list(plain.ws)] == ["code", "db"]
    for word in ("azure_sql_db", "AzureSqlDb", "azuresqldb"):
        assert [record.name for record in plain.connections.list(plain.ws, word)] == ["db"]
    other, _ = plain.world.workspaces.create_or_update("other", {"name": "other"}, "ann")
    assert plain.connections.list(other) == []
    plain.connections.delete(plain.ws, "db")
    for call in (plain.connections.get, plain.connections.delete, plain.connections.with_secrets):
        with pytest.raises(LapisError) as caught:
            call(plain.ws, "db")
        assert caught.value.code is ErrorCode.NOT_FOUND


def test_the_address_and_the_document_name_the_same(plain: Desk) -> None:
    with pytest.raises(LapisError) as caught:
        plain.put("db", **{**SQL, "name": "other"})
    assert caught.value.code is ErrorCode.USAGE


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"target": None}, "target"),
        ({"endpoint": "y"}, ""),
        ({"credentials": {"type": "pat"}}, "credentials.pat"),
        ({"credentials": {"type": "pat", "pat": "p", "username": "u"}}, "credentials.username"),
        ({"credentials": {"type": "nonsense"}}, "credentials.type"),
        ({"api_key": "k"}, "api_key"),
        ({"type": "git", "credentials": {"type": "api_key", "key": "k"}}, "credentials"),
        (
            {"type": "azure_blob", "credentials": {"type": "sas", "sas_token": "s"}, "account_name": "a"},
            "container_name",
        ),
        ({"type": "nonsense"}, "type"),
        ({"nonsense": 1}, "nonsense"),
    ],
)
def test_documents_that_cant_be(changes: dict[str, Any], path: str) -> None:
    document = {key: value for key, value in {"name": "c", **SQL, **changes}.items() if value is not None}
    with pytest.raises(LapisError) as caught:
        parse("connection", document)
    assert caught.value.code is ErrorCode.DOCUMENT_INVALID
    assert path in [problem.path for problem in caught.value.problems]
    assert "canary" not in str(caught.value)


@pytest.mark.parametrize(
    ("credentials", "way"),
    [
        ({"pat": "x"}, "pat"),
        ({"username": "u", "password": "p"}, "username_password"),
        ({"client_id": "c"}, "managed_identity"),
        ({"client_id": "c", "client_secret": "s", "tenant_id": "t"}, "service_principal"),
        ({"access_key_id": "a", "secret_access_key": "s"}, "access_key"),
        ({"sas_token": "s"}, "sas"),
        ({"account_key": "s"}, "account_key"),
        ({}, "none"),
    ],
)
def test_the_way_in_is_told_by_its_keys(credentials: dict[str, str], way: str) -> None:
    made = parse("connection", {"name": "c", "type": "s3", "target": "x", "credentials": credentials})
    assert made.way == way  # type: ignore[attr-defined]
