"""A feature store from its first day to its last, in the steps of a notebook."""

import os
from datetime import UTC, datetime
from pathlib import Path

from azure.ai.ml import MLClient
from azure.ai.ml.entities import (
    DataColumn,
    DataColumnType,
    FeatureSet,
    FeatureSetSpecification,
    FeatureStore,
    FeatureStoreEntity,
    ManagedIdentityConfiguration,
    MaterializationComputeResource,
    MaterializationSettings,
    MaterializationStore,
    RecurrenceTrigger,
)
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential

subscription, group, workspace = (os.environ[key] for key in ("SUBSCRIPTION_ID", "RESOURCE_GROUP", "WORKSPACE_NAME"))
credential = DefaultAzureCredential()
client = MLClient(credential, subscription, group, workspace)


def error_of(call, *arguments, **named):
    try:
        made = call(*arguments, **named)
        made.result() if hasattr(made, "result") else list(made)
    except HttpResponseError as error:
        return error
    raise AssertionError(f"{call} was not refused")


# a feature store is a workspace with a kind of its own
RESOURCES = f"/subscriptions/{subscription}/resourceGroups/{group}/providers"
OFFLINE = f"{RESOURCES}/Microsoft.Storage/storageAccounts/lake/blobServices/default/containers/features"
IDENTITY = f"{RESOURCES}/Microsoft.ManagedIdentity/userAssignedIdentities/painter"
wish = FeatureStore(
    name="features",
    description="what we know of customers",
    offline_store=MaterializationStore(type="azure_data_lake_gen2", target=OFFLINE),
    materialization_identity=ManagedIdentityConfiguration(resource_id=IDENTITY),
    tags={"team": "a"},
)
made = client.feature_stores.begin_create(wish).result()
assert (made.name, made.description, made.tags["team"]) == ("features", "what we know of customers", "a")
found = client.feature_stores.get("features")
assert found._kind.lower() == "featurestore", found._kind
assert found.compute_runtime.spark_runtime_version == "3.4.0"
assert (found.offline_store.type, found.offline_store.target) == ("azure_data_lake_gen2", OFFLINE)
assert found.materialization_identity.resource_id == IDENTITY
client.feature_stores.begin_create(FeatureStore(name="plain")).result()
again = client.feature_stores.begin_create(FeatureStore(name="plain", description="again")).result()
assert again.description == "again"
assert again.offline_store.target
assert {store.name for store in client.feature_stores.list()} == {"features", "plain"}
assert "features" not in {each.name for each in client.workspaces.list(filtered_kinds="default")}
assert client.workspaces.get(workspace)._kind.lower() == "default"

# an update, which leaves the roles of Azure alone
found.description = "changed"
found.offline_store = MaterializationStore(type="azure_data_lake_gen2", target=OFFLINE.replace("lake", "sea"))
client.feature_stores.begin_update(found, grant_materialization_permissions=False).result()
changed = client.feature_stores.get("features")
assert (changed.description, changed.offline_store.target) == ("changed", OFFLINE.replace("lake", "sea"))
found.offline_store = MaterializationStore(type="azure_data_lake_gen2", target=OFFLINE)
assert error_of(client.feature_stores.begin_update, found).error.code == "NotSupported"

# an entity
store = MLClient(credential, subscription, group, "features")
columns = [DataColumn(name="account", type=DataColumnType.STRING), DataColumn(name="branch", type=DataColumnType.LONG)]
account = FeatureStoreEntity(name="account", version="1", index_columns=columns, description="who", tags={"a": "b"})
assert store.feature_store_entities.begin_create_or_update(account).result().name == "account"
shown = store.feature_store_entities.get("account", "1")
assert [(column.name, column.type) for column in shown.index_columns] == [(c.name, c.type) for c in columns]
assert (shown.description, shown.tags, shown.stage) == ("who", {"a": "b"}, "Development")

# a feature set, with its specification's folder
SPECIFICATION = """
source:
  type: parquet
  path: azureml://datastores/workspaceblobstore/paths/transactions/*.parquet
  timestamp_column:
    name: timestamp
features:
  - name: spent_3d
    type: double
    description: spent in three days
    tags: {unit: euro}
  - name: visits_7d
    type: integer
index_columns:
  - name: account
    type: string
"""
folder = Path("transactions")
folder.mkdir()
(folder / "FeatureSetSpec.yaml").write_text(SPECIFICATION)
settings = MaterializationSettings(
    schedule=RecurrenceTrigger(frequency="day", interval=2, start_time=datetime(2026, 1, 2, tzinfo=UTC)),
    resource=MaterializationComputeResource(instance_type="standard_e8s_v3"),
    spark_configuration={"spark.dynamicAllocation.enabled": "true"},
    offline_enabled=True,
    online_enabled=False,
)
transactions = FeatureSet(
    name="transactions",
    version="1",
    entities=["azureml:account:1"],
    specification=FeatureSetSpecification(path=str(folder)),
    materialization_settings=settings,
    tags={"kind": "sums"},
)
kept = store.feature_sets.begin_create_or_update(transactions).result()
shown = store.feature_sets.get("transactions", "1")
assert (kept.name, shown.entities, shown.stage) == ("transactions", ["azureml:account:1"], "Development")
assert shown.specification.path.startswith(f"azureml://subscriptions/{subscription}/"), shown.specification.path
assert shown.materialization_settings.resource.instance_type == "standard_e8s_v3"
assert shown.materialization_settings.spark_configuration == {"spark.dynamicAllocation.enabled": "true"}
assert shown.materialization_settings.schedule.interval == 2
assert shown.materialization_settings.offline_enabled is True
assert "does not run" in shown.properties["lapis.note"]
features = {feature.name: feature for feature in store.feature_sets.list_features("transactions", "1")}
assert list(features) == ["spent_3d", "visits_7d"]
assert features["spent_3d"].tags == {"unit": "euro"}
one = store.feature_sets.get_feature("transactions", "1", feature_name="visits_7d")
assert one.name == "visits_7d"

# the specification lies where it was sent, and is read from there
from_store = FeatureSet(
    name="transactions",
    version="2",
    entities=["azureml:account:1"],
    specification=FeatureSetSpecification(path=shown.specification.path),
)
store.feature_sets.begin_create_or_update(from_store).result()
assert store.feature_sets.get("transactions", "2").specification.path == shown.specification.path


# what may change, and what may not
def error_of(call, *arguments, **named):
    try:
        made = call(*arguments, **named)
        made.result() if hasattr(made, "result") else list(made)
    except HttpResponseError as error:
        return error
    raise AssertionError(f"{call} was not refused")


transactions.tags = {"kind": "sums", "by": "ada"}
transactions.stage = "Production"
store.feature_sets.begin_create_or_update(transactions).result()
assert store.feature_sets.get("transactions", "1").tags["by"] == "ada"
assert store.feature_sets.get("transactions", "1").stage == "Production"
(folder / "FeatureSetSpec.yaml").write_text(SPECIFICATION.replace("visits_7d", "visits_9d"))
assert isinstance(error_of(store.feature_sets.begin_create_or_update, transactions), ResourceExistsError)
account.index_columns = columns[:1]
assert isinstance(error_of(store.feature_store_entities.begin_create_or_update, account), ResourceExistsError)

# lists, archive and restore
assert [each.latest_version for each in store.feature_sets.list()] == ["2"]
assert [each.version for each in store.feature_sets.list(name="transactions")] == ["2", "1"]
for noun, name in ((store.feature_sets, "transactions"), (store.feature_store_entities, "account")):
    before = [each.version for each in noun.list(name=name)]
    noun.archive(name, "1")
    assert noun.get(name, "1").stage == "Archived"
    assert "1" not in [each.version for each in noun.list(name=name)]
    assert [each.version for each in noun.list(name=name, list_view_type="ArchivedOnly")] == ["1"]
    noun.restore(name, "1")
    assert [each.version for each in noun.list(name=name)] == before

# what does not run, and what is not there
window = {
    "feature_window_start_time": datetime(2026, 1, 2, tzinfo=UTC),
    "feature_window_end_time": datetime(2026, 2, 2, tzinfo=UTC),
}
refused = error_of(store.feature_sets.begin_backfill, name="transactions", version="1", data_status=["None"], **window)
assert (refused.status_code, refused.error.code) == (400, "NotSupported"), refused
assert "not materialized" in str(refused)
unlisted = error_of(store.feature_sets.list_materialization_operations, "transactions", "1")
assert unlisted.error.code == "NotSupported", unlisted
network = error_of(store.feature_stores.begin_provision_network, feature_store_name="features")
assert network.error.code == "NotSupported", network
for call, arguments in (
    (store.feature_sets.get, ("transactions", "9")),
    (store.feature_store_entities.get, ("nobody", "1")),
    (client.feature_stores.begin_delete, ("nobody",)),
):
    assert isinstance(error_of(call, *arguments), ResourceNotFoundError), call
strangers = FeatureSet(
    name="s", version="1", entities=["azureml:nobody:1"], specification=FeatureSetSpecification(path=str(folder))
)
assert error_of(store.feature_sets.begin_create_or_update, strangers).error.code == "ReferenceNotFound"
elsewhere = error_of(client.feature_store_entities.begin_create_or_update, account)
assert "no feature store" in str(elsewhere), elsewhere

# the end
client.feature_stores.begin_delete("plain").result()
client.feature_stores.begin_delete("features", permanently_delete=True).result()
assert list(client.feature_stores.list()) == []
print("done")
