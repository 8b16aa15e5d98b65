"""Feature sets and entities: what is kept, what may change, what is refused; and the body that means a document."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.feature_sets.service import FeatureKind, FeatureRecord, FeatureSetService
from lapisml.server.features.workspaces.service import Workspace
from lapisml.server.surfaces.azure.nouns.asset_scope import AssetScope
from lapisml.server.surfaces.azure.nouns.feature_sets import document_of, properties_of
from lapisml.server.surfaces.azure.nouns.feature_store_form import store_connections, store_identity, store_settings
from tests.support.assets import World, open_world

SET, ENTITY = FeatureKind.SET, FeatureKind.ENTITY
COLUMNS = {"index_columns": [{"column_name": "account", "data_type": "String"}]}
SUMS = {
    "entities": ["azureml:account:1"],
    "specification": {"path": "azureml://datastores/workspaceblobstore/paths/spec"},
}
SCOPE = "/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/features"


@dataclass
class Desk:
    """A world with a feature store, which knows an entity."""

    world: World
    sets: FeatureSetService
    store: Workspace

    def put(self, name: str, version: str = "1", kind: FeatureKind = SET, **document: Any) -> bool:
        """Keep a version; return whether it is new."""
        self.world.clock.advance(1)
        return self.sets.put(self.store, kind, name, version, document, "ann")[1]

    def error(self, *arguments: Any, **document: Any) -> LapisError:
        """Return how `put` is refused."""
        with pytest.raises(LapisError) as caught:
            self.put(*arguments, **document)
        return caught.value


@pytest.fixture
def desk(tmp_path: Path, database_url: str) -> Iterator[Desk]:
    """On SQLite and on PostgreSQL."""
    with open_world(tmp_path / "home", database_url) as world:
        document = {"feature_store_settings": {"compute_runtime": {"spark_runtime_version": "3.4.0"}}}
        store, _ = world.workspaces.create_or_update("features", document, "ann")
        made = Desk(world, FeatureSetService(world.database, world.clock), store)
        made.put("account", kind=ENTITY, **COLUMNS)
        yield made


def test_versions_are_kept_listed_and_changed(desk: Desk) -> None:
    assert desk.put("sums", "1", **SUMS)
    assert desk.put("sums", "2", **SUMS)
    assert not desk.put("sums", "1", **SUMS, tags={"by": "ann"}, stage="Archived")
    found = desk.sets.get(desk.store, SET, "sums", "1")
    assert (found.document["tags"], found.archived, found.created_by) == ({"by": "ann"}, True, "ann")
    assert [each.version for each in desk.sets.versions(desk.store, SET, "sums")] == ["2", "1"]
    [container] = desk.sets.containers(desk.store, SET)
    assert (container.shown.version, container.next_version, container.archived) == ("2", "3", False)
    assert [each.name for each in desk.sets.containers(desk.store, ENTITY)] == ["account"]


def test_what_a_version_is_about_stays(desk: Desk) -> None:
    desk.put("sums", **SUMS)
    other = {**SUMS, "specification": {"path": "azureml://datastores/workspaceblobstore/paths/other"}}
    assert desk.error("sums", **other).code is ErrorCode.CONFLICT
    columns = [{"column_name": "branch", "data_type": "Long"}]
    assert desk.error("account", "1", ENTITY, index_columns=columns).code is ErrorCode.CONFLICT


@pytest.mark.parametrize(
    ("kind", "name", "document", "path"),
    [
        (SET, "sums", {**SUMS, "entities": []}, "entities"),
        (SET, "sums", {**SUMS, "entities": "azureml:account:1"}, "entities"),
        (SET, "sums", {**SUMS, "entities": ["account"]}, "entities"),
        (SET, "sums", {"entities": SUMS["entities"]}, "specification.path"),
        (SET, "sums", {**SUMS, "specification": {"path": 3}}, "specification.path"),
        (SET, "sums", {**SUMS, "stage": "Late"}, "stage"),
        (SET, "sums", {**SUMS, "tags": ["a"]}, "tags"),
        (SET, "sums", {**SUMS, "colour": "red"}, "colour"),
        (SET, "../sums", SUMS, "name"),
        (ENTITY, "branch", {}, "index_columns"),
        (ENTITY, "branch", {"index_columns": [{"data_type": "String"}]}, "index_columns"),
    ],
)
def test_faults_are_named(desk: Desk, kind: FeatureKind, name: str, document: dict[str, Any], path: str) -> None:
    error = desk.error(name, "1", kind, **document)
    assert error.code is ErrorCode.DOCUMENT_INVALID
    assert path in {problem.path for problem in error.problems}


def test_an_entity_must_be_there_and_the_place_a_feature_store(desk: Desk) -> None:
    assert desk.error("sums", **{**SUMS, "entities": ["azureml:nobody:1"]}).code is ErrorCode.REFERENCE_NOT_FOUND
    assert desk.put("by_id", **{**SUMS, "entities": [f"{SCOPE}/featurestoreEntities/account/versions/1"]})
    with pytest.raises(LapisError, match="no feature store"):
        desk.sets.put(desk.world.ws, ENTITY, "account", "1", COLUMNS, "ann")


def test_filling_a_store_is_refused(desk: Desk) -> None:
    desk.put("sums", **SUMS)
    with pytest.raises(LapisError, match="not materialized"):
        desk.sets.backfill(desk.store, "sums", "1")
    with pytest.raises(LapisError) as caught:
        desk.sets.backfill(desk.store, "sums", "2")
    assert caught.value.code is ErrorCode.NOT_FOUND


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ('{"features": [{"FeatureName": "a", "DataType": "long"}, {"DataType": "x"}, 3]}', ["a"]),
        ('{"features": "a"}', []),
        ("[]", []),
        ("{", []),
    ],
)
def test_features_are_read_of_what_the_client_sent(desk: Desk, text: str, names: list[str]) -> None:
    desk.put("sums", **SUMS, properties={"featuresetProperties": text})
    assert [feature["name"] for feature in desk.sets.features(desk.store, "sums", "1")] == names


def test_a_store_that_holds_something_is_not_deleted_unasked(desk: Desk) -> None:
    workspaces = desk.world.workspaces
    with pytest.raises(LapisError, match="1 feature_documents"):
        workspaces.delete("features")
    workspaces.delete("features", force=True)
    assert [workspace.name for workspace in workspaces.list()] == ["default"]


def test_a_workspace_does_not_become_a_feature_store(desk: Desk) -> None:
    settings = desk.store.document["feature_store_settings"]
    with pytest.raises(LapisError) as caught:
        desk.world.workspaces.update("default", {"feature_store_settings": settings}, "ann")
    assert caught.value.code is ErrorCode.CONFLICT
    with pytest.raises(LapisError) as caught:
        desk.world.workspaces.create_or_update("features", {}, "ann")
    assert caught.value.code is ErrorCode.CONFLICT


_WHOLE: dict[FeatureKind, dict[str, Any]] = {
    SET: {
        **SUMS,
        "description": "sums",
        "tags": {"a": "b"},
        "properties": {"featuresetPropertiesVersion": "1"},
        "stage": "Production",
        "materialization_settings": {
            "store_type": "Offline",
            "notification": {"email_on": ["JobFailed"], "emails": ["a@example.org"]},
            "resource": {"instance_type": "standard_e8s_v3"},
            "schedule": {"trigger_type": "Recurrence", "frequency": "Day", "interval": 1},
            "spark_configuration": {"spark.dynamicAllocation.enabled": "true"},
        },
    },
    ENTITY: {**COLUMNS, "description": "who", "tags": {}, "properties": {}, "stage": "Development"},
}


@pytest.mark.parametrize("kind", list(FeatureKind))
def test_a_document_comes_back(kind: FeatureKind) -> None:
    scope = AssetScope(SCOPE, "features")
    record = FeatureRecord(1, 1, kind, "x", "1", _WHOLE[kind], True, "ann", 0, 0)
    properties = properties_of(record, scope)
    assert properties["isArchived"] is True
    assert document_of(kind, properties, scope) == _WHOLE[kind]
    if kind is SET:
        assert properties["specification"]["path"].startswith("azureml://subscriptions/s/resourcegroups/g/")
        assert properties["materializationSettings"]["sparkConfiguration"] == {
            "spark.dynamicAllocation.enabled": "true"
        }
        assert "does not run" in properties["properties"]["lapis.note"]


def test_keys_that_nobody_knows_are_refused() -> None:
    with pytest.raises(LapisError, match="not valid"):
        document_of(SET, {"entitys": []}, AssetScope(SCOPE, "features"))


def test_what_a_template_says_of_a_feature_store() -> None:
    parameters = {
        "kind": "featurestore",
        "spark_runtime_version": "3.5.0",
        "offline_store_connection_name": "off-1",
        "offline_store_storage_account_name": "lake",
        "offline_store_container_name": "c",
        "offline_store_resource_group_name": "g",
        "offline_store_subscription_id": "s",
        "online_store_connection_name": "on-1",
        "online_store_resource_id": "/subscriptions/s/redis",
        "materializationIdentityOption": "none",
    }
    assert store_settings(parameters) == {
        "computeRuntime": {"sparkRuntimeVersion": "3.5.0"},
        "offlineStoreConnectionName": "off-1",
        "onlineStoreConnectionName": "on-1",
    }
    lake = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Storage/storageAccounts/lake"
    assert [(name, document["type"], document["target"]) for name, document in store_connections(parameters)] == [
        ("off-1", "azure_data_lake_gen2", f"{lake}/blobServices/default/containers/c"),
        ("on-1", "redis", "/subscriptions/s/redis"),
    ]
    assert store_identity(parameters) is None
    assert store_settings({**parameters, "kind": "default"}) is None
    assert store_connections({}) == []
