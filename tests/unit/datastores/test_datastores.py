"""Datastores: their documents, their secrets, the ones that every workspace has."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import text

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.datastores.service import OWN
from tests.support.assets import World

CANARY = "canary-7f3a/secret+key=="
BLOB = {
    "name": "Blob1", "type": "azure_blob", "account_name": "acc", "container_name": "con",
    "credentials": {"account_key": CANARY},
}  # fmt: skip


def refused(code: ErrorCode, act: Any, *args: Any) -> LapisError:
    with pytest.raises(LapisError) as caught:
        act(*args)
    assert caught.value.code is code
    return caught.value


def test_every_workspace_has_four(world: World) -> None:
    world.datastores.furnish(world.ws)
    other, _ = world.workspaces.create_or_update("other", {"name": "other"}, "ann")
    for workspace in (world.ws, other):
        assert [r.name for r in world.datastores.list(workspace)] == sorted(OWN)
        assert world.datastores.default(workspace).name == "workspaceblobstore"
    for name in OWN:
        refused(ErrorCode.CONFLICT, world.datastores.delete, world.ws, name)
        refused(ErrorCode.CONFLICT, world.datastores.create_or_update, world.ws, {**BLOB, "name": name.upper()}, "eve")


def test_create_update_default_delete(world: World) -> None:
    stores = world.datastores
    made = stores.create_or_update(world.ws, BLOB, "ann")
    assert stores.create_or_update(world.ws, BLOB, "ann") == made
    assert stores.get(world.ws, "BLOB1").document["name"] == "Blob1"
    changed = stores.create_or_update(world.ws, {**BLOB, "container_name": "two"}, "ann")
    assert (changed.id, changed.document["container_name"]) == (made.id, "two")
    assert stores.set_default(world.ws, "blob1").is_default
    assert [r.name for r in stores.list(world.ws) if r.is_default] == ["blob1"]
    assert stores.default(world.ws).name == "blob1"
    refused(ErrorCode.CONFLICT, stores.delete, world.ws, "blob1")
    stores.set_default(world.ws, "workspaceblobstore")
    stores.object_to_deletion(lambda _, name: f"Data x lies in {name}.")
    assert refused(ErrorCode.CONFLICT, stores.delete, world.ws, "Blob1").message == "Data x lies in blob1."
    refused(ErrorCode.NOT_FOUND, stores.delete, world.ws, "none")


def test_two_creators_at_once(world: World) -> None:
    start = threading.Barrier(6)

    def make(_: int) -> int:
        start.wait(30)
        return world.datastores.create_or_update(world.ws, BLOB, "ann").id

    with ThreadPoolExecutor(6) as pool:
        assert len(set(pool.map(make, range(6)))) == 1


def test_secrets_are_not_shown_and_not_readable_in_the_database(world: World) -> None:
    made = world.datastores.create_or_update(world.ws, BLOB, "ann")
    location = world.datastores.resolve(world.ws, "azureml://datastores/blob1/paths/x")
    assert made.document["credentials"] == {"account_key": "***"}
    assert location.options["account_key"] == CANARY
    for shown in (repr(made), str(made), repr(location), str(location), repr(world.datastores.list(world.ws))):
        assert CANARY not in shown
    with world.database.read() as connection:
        rows = str(connection.execute(text("SELECT * FROM datastores")).all())
    assert CANARY not in rows


def test_a_masked_secret_stays_as_it_is(world: World) -> None:
    made = world.datastores.create_or_update(world.ws, BLOB, "ann")
    world.datastores.create_or_update(world.ws, {**made.document, "description": "new"}, "ann")
    uri = "azureml://datastores/blob1/paths/x"
    assert world.datastores.resolve(world.ws, uri).options["account_key"] == CANARY
    world.datastores.create_or_update(world.ws, {**BLOB, "credentials": {"sas_token": "s"}}, "ann")
    options = world.datastores.resolve(world.ws, uri).options
    assert options == {"account_name": "acc", "sas_token": "s"}
    world.datastores.create_or_update(world.ws, {k: v for k, v in BLOB.items() if k != "credentials"}, "ann")
    assert "sas_token" not in world.datastores.resolve(world.ws, uri).options


def test_parts_of_credentials_that_are_no_secret_are_shown(plain: World) -> None:
    principal = {"tenant_id": "t", "client_id": "c", "client_secret": CANARY}
    document = {**BLOB, "credentials": principal}
    shown = plain.datastores.create_or_update(plain.ws, document, "ann").document["credentials"]
    assert shown == {"tenant_id": "t", "client_id": "c", "client_secret": "***"}


@pytest.mark.parametrize("name", ["", "../x", "a/b", "a b", "default", "x" * 256])
def test_names_that_are_none(plain: World, name: str) -> None:
    refused(ErrorCode.DOCUMENT_INVALID, plain.datastores.create_or_update, plain.ws, {**BLOB, "name": name}, "ann")


def test_local_datastores(plain: World) -> None:
    folder = plain.home.parent / "data"
    folder.mkdir()
    (folder / "a.txt").write_bytes(b"1")
    stores = plain.datastores
    stores.create_or_update(plain.ws, {"name": "mine", "type": "local", "path": str(folder)}, "ann")
    location = stores.resolve(plain.ws, "azureml://datastores/mine/paths/a.txt")
    assert plain.storage.read_range(location, 0, 9) == b"1"
    stores.create_or_update(plain.ws, {"name": "snapshots", "type": "local"}, "ann")
    plain.put("azureml://datastores/snapshots/paths/", {"x": b"2"})
    assert not (plain.home / "storage/default/snapshots").exists()
    (plain.home.parent / "sneak").symlink_to(plain.home)
    above = plain.home.parent
    for path in (plain.home, plain.home / "storage", above, "/", above / "sneak", "data", "a\0"):
        document = {"name": "bad", "type": "local", "path": str(path)}
        refused(ErrorCode.PATH_NOT_ALLOWED, stores.create_or_update, plain.ws, document, "eve")


def test_a_disk_that_is_not_mounted_is_not_empty(plain: World) -> None:
    folder = plain.home.parent / "mount"
    folder.mkdir()
    plain.datastores.create_or_update(plain.ws, {"name": "m", "type": "local", "path": str(folder)}, "ann")
    location = plain.datastores.resolve(plain.ws, "azureml://datastores/m/paths/x")
    assert plain.storage.info(location) is None
    folder.rmdir()
    refused(ErrorCode.STORAGE_UNREACHABLE, plain.storage.info, location)
    refused(ErrorCode.STORAGE_UNREACHABLE, plain.storage.put_file, plain.home, location)
    assert not folder.exists()
