"""Registries: made, found, changed, deleted, and never met where workspaces are looked for."""

from __future__ import annotations

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.assets.records import AssetKind, AssetRecord, reference_of_key
from lapisml.server.features.workspaces.registries import Places
from lapisml.server.features.workspaces.service import Workspace
from tests.unit.registries.conftest import Shelf

MODEL = {"name": "m", "version": "1"}


def _code(call: object) -> ErrorCode:
    with pytest.raises(LapisError) as caught:
        call()  # type: ignore[operator]
    return caught.value.code


def test_a_registry_is_no_workspace(shelf: Shelf) -> None:
    workspaces = shelf.world.workspaces
    assert [place.name for place in workspaces.list()] == ["default"]
    assert _code(lambda: workspaces.get("shared")) is ErrorCode.NOT_FOUND
    assert _code(lambda: workspaces.get(shelf.place.name)) is ErrorCode.NOT_FOUND
    assert _code(lambda: workspaces.create_or_update("@shared", {}, "ann")) is ErrorCode.DOCUMENT_INVALID
    assert _code(lambda: workspaces.delete("@shared", force=True)) is ErrorCode.NOT_FOUND
    made, _ = workspaces.create_or_update("shared", {"name": "shared"}, "ann")
    assert made.id != shelf.place.id
    places = Places(workspaces.get, workspaces.registries.get)
    assert (places.get("shared").id, places.get("@shared").id) == (made.id, shelf.place.id)


def test_every_server_has_the_registry_of_curated_environments(plain: Shelf) -> None:
    assets, ws = plain.world.assets, plain.world.ws
    assert [place.registry for place in plain.registries.list()] == ["azureml", "shared"]
    curated = "azureml://registries/azureml/environments/sklearn-1.5/labels/latest"
    assert assets.resolve(ws, AssetKind.ENVIRONMENTS, curated).id == 0
    elsewhere = curated.replace("azureml/env", "shared/env")
    assert _code(lambda: assets.resolve(ws, AssetKind.ENVIRONMENTS, elsewhere)) is ErrorCode.REFERENCE_NOT_FOUND
    absent = curated.replace("azureml/env", "absent/env")
    assert _code(lambda: assets.resolve(ws, AssetKind.ENVIRONMENTS, absent)) is ErrorCode.REFERENCE_NOT_FOUND
    assert _code(lambda: plain.registries.delete("azureml")) is ErrorCode.CONFLICT


def test_names_that_registries_cant_have(plain: Shelf) -> None:
    for name in ("", "a", "-a", "a/b", "..", "a" * 34, "a b", "@a", "ä1"):
        assert _code(lambda name=name: plain.registries.create_or_update(name, {}, "ann")) is ErrorCode.DOCUMENT_INVALID
    assert _code(lambda: plain.registries.create_or_update("one", {"name": "two"}, "ann")) is ErrorCode.USAGE


def test_the_document_is_replaced_and_changed_key_by_key(plain: Shelf) -> None:
    made, is_new = plain.registries.create_or_update("eu", {"location": "eastus", "tags": {"a": "b"}}, "ann")
    assert (is_new, made.registry, made.document["location"]) == (True, "eu", "eastus")
    _, again = plain.registries.create_or_update("eu", {"location": "eastus", "tags": {"a": "b"}}, "ann")
    assert again is False
    changed = plain.registries.update("eu", {"description": "ours", "tags": None}, "bob")
    assert changed.document == {"name": "eu", "location": "eastus", "description": "ours"}
    assert (changed.created_by, changed.updated_by) == ("ann", "bob")
    assert _code(lambda: plain.registries.update("eu", {"location": "west"}, "bob")) is ErrorCode.CONFLICT
    assert _code(lambda: plain.registries.update("eu", {"nonsense": 1}, "bob")) is ErrorCode.DOCUMENT_INVALID
    assert _code(lambda: plain.registries.update("absent", {}, "bob")) is ErrorCode.NOT_FOUND


def test_deleting_takes_everything_with_it(shelf: Shelf) -> None:
    uri = shelf.world.upload({"a.txt": b"1"}).uri
    shelf.world.assets.create(shelf.world.ws, AssetKind.MODELS, {**MODEL, "path": uri}, "ann")
    shared = shelf.share(AssetKind.MODELS, "azureml:m:1")
    folder = shelf.world.storage.local_path(shelf.world.assets.location(shelf.world.ws, str(shared.uri)))
    assert folder is not None
    assert (folder / "a.txt").read_bytes() == b"1"
    shelf.registries.delete("shared")
    assert not folder.exists()
    assert _code(lambda: shelf.registries.get("shared")) is ErrorCode.NOT_FOUND
    place, _ = shelf.registries.create_or_update("shared", {}, "ann")
    assert _code(lambda: shelf.world.assets.get(place, AssetKind.MODELS, "m", "1")) is ErrorCode.NOT_FOUND


def test_what_a_deployment_uses_stays(plain: Shelf) -> None:
    uri = plain.world.upload({"a.txt": b"1"}).uri
    plain.world.assets.create(plain.world.ws, AssetKind.MODELS, {**MODEL, "path": uri}, "ann")
    plain.share(AssetKind.MODELS, "azureml:m:1")
    asked: list[tuple[int, str]] = []

    def used(place: Workspace, record: AssetRecord) -> str | None:
        asked.append((place.id, record.key))
        return "It is in use."

    plain.world.assets.object_to_deletion(used)
    assert _code(lambda: plain.registries.delete("shared")) is ErrorCode.CONFLICT
    assert asked == [(plain.place.id, "shared/m:1")]
    found = plain.world.assets.resolve(
        plain.world.ws, AssetKind.MODELS, reference_of_key(AssetKind.MODELS, asked[0][1])
    )
    assert (found.key, found.reference) == ("shared/m:1", "azureml://registries/shared/models/m/versions/1")
    own = plain.world.assets.resolve(plain.world.ws, AssetKind.MODELS, reference_of_key(AssetKind.MODELS, "m:1"))
    assert (own.key, own.reference) == ("m:1", "azureml:m:1")
    assert plain.registries.get("shared").id == plain.place.id


def test_references_mean_the_same_in_every_workspace(plain: Shelf) -> None:
    world = plain.world
    other, _ = world.workspaces.create_or_update("other", {"name": "other"}, "ann")
    uri = world.upload({"a.txt": b"1"}).uri
    world.assets.create(world.ws, AssetKind.DATA, {"name": "d", "version": "1", "path": uri, "type": "uri_folder"}, "a")
    plain.share(AssetKind.DATA, "azureml:d:1", "rows", "7")
    world.assets.containers.set_label(plain.place, AssetKind.DATA, "rows", "good", "7")
    for tail in ("versions/7", "labels/latest", "labels/good"):
        reference = f"azureml://registries/shared/data/rows/{tail}"
        for workspace in (world.ws, other, plain.place):
            found = world.assets.resolve(workspace, AssetKind.DATA, reference)
            assert found.reference == "azureml://registries/shared/data/rows/versions/7"
            location = world.assets.location(workspace, reference)
            assert world.storage.info(location.child("a.txt")) is not None
    assert world.content.files(other, "azureml://registries/shared/data/rows/versions/7") == [
        {"path": "a.txt", "size": 1}
    ]
    assert _code(lambda: world.assets.resolve(other, AssetKind.DATA, "azureml:rows:7")) is ErrorCode.REFERENCE_NOT_FOUND
    absent = "azureml://registries/shared/datastores/nope/paths/x"
    assert _code(lambda: world.assets.location(other, absent)) is ErrorCode.REFERENCE_NOT_FOUND
    climbing = "azureml://registries/shared/datastores/workspaceblobstore/paths/../../default/token"
    assert _code(lambda: world.assets.location(other, climbing)) is ErrorCode.PATH_NOT_ALLOWED
