"""Sharing: content is copied, dependencies come along, and a second time changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.assets.records import Archived, AssetKind, AssetRecord, ListQuery
from tests.unit.registries.conftest import Shelf

CURATED = "azureml://registries/azureml/environments/sklearn-1.5/labels/latest"


def _create(shelf: Shelf, kind: AssetKind, **document: Any) -> AssetRecord:
    return shelf.world.assets.create(shelf.world.ws, kind, document, "ann")


def _names(shelf: Shelf, kind: AssetKind) -> list[str]:
    page = shelf.world.assets.list(shelf.place, kind, ListQuery(archived=Archived.ALL))
    return [f"{record.name}:{record.version}" for record in page.value]


def _folder(shelf: Shelf, record: AssetRecord) -> Path:
    found = shelf.world.storage.local_path(shelf.world.assets.location(shelf.world.ws, str(record.uri)))
    assert found is not None
    return found


def test_a_model_is_copied_with_all_that_is_known_of_it(plain: Shelf) -> None:
    uri = plain.world.upload({"MLmodel": b"flavors: {sklearn: {v: 1}}\n", "model.pkl": b"x"}).uri
    made = _create(plain, AssetKind.MODELS, name="m", version="1", path=uri, tags={"a": "b"}, stage="Production")
    shared = plain.share(AssetKind.MODELS, "azureml:m@latest", "theirs", "9")
    assert (shared.name, shared.version, shared.reference) == (
        "theirs", "9", "azureml://registries/shared/models/theirs/versions/9",
    )  # fmt: skip
    assert shared.document["type"] == made.document["type"] == "mlflow_model"
    assert shared.document["flavors"] == made.document["flavors"]
    assert shared.document["tags"] == {"a": "b"}
    assert shared.stage is None, "a stage is the workspace's own"
    plain.world.assets.delete_version(plain.world.ws, AssetKind.MODELS, "m", "1")
    assert (_folder(plain, shared) / "model.pkl").read_bytes() == b"x"


def test_sharing_again_changes_nothing_and_other_content_is_refused(plain: Shelf) -> None:
    for version in ("1", "2"):
        _create(
            plain, AssetKind.MODELS, name="m", version=version, path=plain.world.upload({"a": version.encode()}).uri
        )
    first = plain.share(AssetKind.MODELS, "azureml:m:1")
    again = plain.share(AssetKind.MODELS, "azureml:m:1")
    assert (first.is_new, again.is_new, again.id) == (True, False, first.id)
    with pytest.raises(LapisError) as caught:
        plain.share(AssetKind.MODELS, "azureml:m:2", "m", "1")
    assert caught.value.code is ErrorCode.CONFLICT
    assert (_folder(plain, first) / "a").read_bytes() == b"1"


def test_a_copy_that_was_cut_is_done_again(plain: Shelf) -> None:
    _create(plain, AssetKind.MODELS, name="m", version="1", path=plain.world.upload({"a": b"1", "b": b"2"}).uri)
    first = plain.share(AssetKind.MODELS, "azureml:m:1")
    (_folder(plain, first) / "b").unlink()
    plain.world.assets.delete_version(plain.place, AssetKind.MODELS, "m", "1")
    again = plain.share(AssetKind.MODELS, "azureml:m:1")
    assert sorted(path.name for path in _folder(plain, again).iterdir()) == ["a", "b"]


def test_data_in_a_folder_that_may_change_is_not_changed_with_it(plain: Shelf) -> None:
    uri = "azureml://datastores/workspaceblobstore/paths/rows/"
    plain.world.put(uri, {"a.csv": b"1"})
    _create(plain, AssetKind.DATA, name="d", version="1", path=uri, type="uri_folder")
    shared = plain.share(AssetKind.DATA, "azureml:d:1")
    origin = plain.world.storage.local_path(plain.world.assets.location(plain.world.ws, uri))
    assert origin is not None
    (origin / "a.csv").open("r+b").write(b"9")
    assert (_folder(plain, shared) / "a.csv").read_bytes() == b"1"


def test_data_at_a_web_address_stays_there(plain: Shelf) -> None:
    _create(plain, AssetKind.DATA, name="d", version="1", path="https://example.org/x.csv", type="uri_file")
    assert plain.share(AssetKind.DATA, "azureml:d:1").uri == "https://example.org/x.csv"


def test_what_is_not_there_any_more_cant_be_shared(plain: Shelf) -> None:
    uri = "azureml://datastores/workspaceblobstore/paths/gone/"
    _create(plain, AssetKind.DATA, name="d", version="1", path=uri, type="uri_folder")
    for reference in ("azureml:d:1", "azureml:absent:1"):
        with pytest.raises(LapisError) as caught:
            plain.share(AssetKind.DATA, reference)
        assert caught.value.code is ErrorCode.REFERENCE_NOT_FOUND
    assert _names(plain, AssetKind.DATA) == []


def test_an_environment_brings_its_build_context(plain: Shelf) -> None:
    uri = plain.world.upload({"Dockerfile": b"FROM x"}).uri
    _create(plain, AssetKind.ENVIRONMENTS, name="e", version="1", build={"path": uri})
    shared = plain.share(AssetKind.ENVIRONMENTS, "azureml:e:1")
    path = shared.document["build"]["path"]
    assert path.startswith("azureml://registries/shared/datastores/workspaceblobstore/paths/LocalUpload/")
    assert plain.world.storage.info(plain.world.assets.location(plain.world.ws, path).child("Dockerfile")) is not None


def test_a_component_brings_its_code_and_its_environment(plain: Shelf) -> None:
    code = plain.world.upload({"train.py": b"1"}, "code").uri
    _create(plain, AssetKind.ENVIRONMENTS, name="e", version="3", image="python:3.11")
    _create(
        plain, AssetKind.COMPONENTS, name="c", version="1", type="command", command="x", code=code,
        environment="azureml:e@latest",
    )  # fmt: skip
    shared = plain.share(AssetKind.COMPONENTS, "azureml:c:1")
    assert shared.document["environment"] == "azureml://registries/shared/environments/e/versions/3"
    assert _names(plain, AssetKind.ENVIRONMENTS) == ["e:3"]
    other, _ = plain.world.workspaces.create_or_update("other", {"name": "other"}, "ann")
    digest = code.rpartition("/")[2]
    assert not plain.world.assets.has_snapshot(other, digest)
    plain.world.assets.resolve(other, AssetKind.COMPONENTS, shared.reference)
    assert plain.world.assets.has_snapshot(other, digest)
    blob = next((plain.world.assets.snapshot_root(other) / "blobs").glob("*/*"))
    assert blob.read_bytes() == b"1"


def test_a_pipeline_component_brings_what_its_steps_refer_to(plain: Shelf) -> None:
    _create(plain, AssetKind.COMPONENTS, name="step", version="1", type="command", command="x", environment=CURATED)
    inline = {"type": "command", "command": "y", "environment": {"image": "python:3.11"}}
    jobs = {
        "one": {"type": "command", "component": "azureml:step:1"},
        "two": {"type": "command", "component": inline},
        "three": {
            "type": "sweep",
            "trial": "azureml:step@latest",
            "objective": {"goal": "minimize", "primary_metric": "m"},
        },
    }
    _create(plain, AssetKind.COMPONENTS, name="p", version="2", type="pipeline", jobs=jobs)
    shared = plain.share(AssetKind.COMPONENTS, "azureml:p:2")
    steps = shared.document["jobs"]
    assert (
        steps["one"]["component"] == steps["three"]["trial"] == "azureml://registries/shared/components/step/versions/1"
    )
    assert steps["two"]["component"] == inline
    step = plain.world.assets.get(plain.place, AssetKind.COMPONENTS, "step", "1")
    fixed = CURATED.replace("labels/latest", "versions/1")
    assert step.document["environment"] == fixed, "what is in a registry already stays there"
    assert _names(plain, AssetKind.ENVIRONMENTS) == []


def test_short_references_of_a_registrys_component_mean_the_registry(plain: Shelf) -> None:
    assets = plain.world.assets
    assets.create(plain.place, AssetKind.ENVIRONMENTS, {"name": "e", "version": "1", "image": "python"}, "ann")
    document = {"name": "c", "version": "1", "type": "command", "command": "x", "environment": "azureml:e:1"}
    made = assets.create(plain.place, AssetKind.COMPONENTS, document, "ann")
    assert made.document["environment"] == "azureml://registries/shared/environments/e/versions/1"
    assert assets.create(plain.place, AssetKind.COMPONENTS, document, "ann").is_new is False
    with pytest.raises(LapisError) as caught:
        assets.create(
            plain.place, AssetKind.COMPONENTS, {**document, "version": "2", "environment": "azureml:z:1"}, "a"
        )
    assert caught.value.code is ErrorCode.REFERENCE_NOT_FOUND
