"""Datastores, uploads and downloads through the SDK, as a notebook does it. Run by `test_datastores.py`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from azure.ai.ml import MLClient
from azure.ai.ml.entities import (
    AccountKeyConfiguration,
    AzureBlobDatastore,
    AzureDataLakeGen1Datastore,
    AzureDataLakeGen2Datastore,
    AzureFileDatastore,
    Data,
    Model,
    SasTokenConfiguration,
    ServicePrincipalConfiguration,
)
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential

WORK = Path(sys.argv[1])
STORE = Path(sys.argv[2])
LOGIN = ServicePrincipalConfiguration(tenant_id="tenant", client_id="client", client_secret="secret")

ml_client = MLClient(
    DefaultAzureCredential(),
    os.environ["SUBSCRIPTION_ID"],
    os.environ["RESOURCE_GROUP"],
    os.environ["WORKSPACE_NAME"],
)


def own_datastores() -> None:
    names = [store.name for store in ml_client.datastores.list()]
    own = {"workspaceblobstore", "workspaceartifactstore", "workspacefilestore", "workspaceworkingdirectory"}
    assert own <= set(names), names
    assert len(names) == len(set(names)), names
    default = ml_client.datastores.get_default()
    assert (default.name, default.container_name) == ("workspaceblobstore", "workspaceblobstore")
    assert ml_client.datastores.get("workspaceblobstore").credentials.sas_token is None
    assert "sig=" in ml_client.datastores.get("workspaceblobstore", include_secrets=True).credentials.sas_token
    with raises(ResourceExistsError):
        ml_client.datastores.delete("workspaceblobstore")
    with raises(ResourceNotFoundError):
        ml_client.datastores.get("nothing")


def all_types() -> None:
    made = {
        "blob_by_key": AzureBlobDatastore(
            name="blob_by_key", description="raw data", account_name="acct", container_name="raw", tags={"team": "a"},
            credentials=AccountKeyConfiguration(account_key="a2V5"),
        ),
        "blob_by_sas": AzureBlobDatastore(
            name="blob_by_sas", account_name="acct", container_name="raw",
            credentials=SasTokenConfiguration(sas_token="sv=2022-11-02&sig=secret"),
        ),
        "blob_open": AzureBlobDatastore(name="blob_open", account_name="azureopendatastorage", container_name="nyctlc"),
        "file_store": AzureFileDatastore(
            name="file_store", account_name="acct", file_share_name="share",
            credentials=AccountKeyConfiguration(account_key="a2V5"),
        ),
        "lake": AzureDataLakeGen2Datastore(name="lake", account_name="acct", filesystem="fs", credentials=LOGIN),
        "old_lake": AzureDataLakeGen1Datastore(name="old_lake", store_name="store", credentials=LOGIN),
    }  # fmt: skip
    for name, store in made.items():
        answer = ml_client.create_or_update(store)
        found = ml_client.datastores.get(name)
        assert type(answer) is type(found) is type(store), name
        assert answer.id == found.id
        assert found.id.endswith(f"/datastores/{name}")
        assert "secret" not in str(found)
        assert "a2V5" not in str(found)
    blob = ml_client.datastores.get("blob_by_key")
    assert (blob.description, blob.tags) == ("raw data", {"team": "a"})
    blob.description = "still raw"
    assert ml_client.create_or_update(blob).description == "still raw"
    lake = ml_client.datastores.get("lake")
    assert (lake.account_name, lake.filesystem, lake.credentials.tenant_id) == ("acct", "fs", "tenant")
    with raises(HttpResponseError):
        ml_client.datastores.get("lake", include_secrets=True)
    assert set(made) <= {store.name for store in ml_client.datastores.list()}
    for name in made:
        ml_client.datastores.delete(name)
        ml_client.datastores.delete(name)
    assert not set(made) & {store.name for store in ml_client.datastores.list()}


def uploads() -> None:
    folder = WORK / "mit Leer zeichen"
    (folder / "ünter").mkdir(parents=True)
    (folder / "a.csv").write_text("a,b\n1,2\n", encoding="utf-8")
    (folder / "ünter" / "b #1.csv").write_text("3,4\n", encoding="utf-8")
    (folder / "leer.txt").touch()
    first = ml_client.data.create_or_update(Data(name="up", path=str(folder), type="uri_folder"))
    again = ml_client.data.create_or_update(Data(name="up", path=str(folder), type="uri_folder"))
    assert first.path == again.path
    assert first.version != again.version
    place = STORE / "workspaceblobstore" / first.path.partition("/paths/")[2]
    found = {path.relative_to(place).as_posix(): path.read_bytes() for path in place.rglob("*") if path.is_file()}
    wanted = {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert found == wanted, found


def a_large_file_up_and_down() -> None:
    big = WORK / "big.bin"
    block = os.urandom(1 << 20)
    with big.open("wb") as stream:
        for number in range(70):  # more than goes in one request
            stream.write(number.to_bytes(4, "big") + block)
    made = ml_client.models.create_or_update(Model(name="big", path=str(big), type="custom_model"))
    ml_client.models.download("big", version=made.version, download_path=str(WORK / "down"))
    (down,) = (path for path in (WORK / "down").rglob("*") if path.is_file())
    assert down.read_bytes() == big.read_bytes()


class raises:  # noqa: N801 - read as pytest's
    def __init__(self, kind: type[Exception]) -> None:
        self.kind = kind

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[Exception] | None, error: Exception | None, trace: object) -> bool:
        assert kind is not None, f"{self.kind.__name__} was not raised"
        return issubclass(kind, self.kind)


for check in (own_datastores, all_types, uploads, a_large_file_up_and_down):
    check()
    print(check.__name__)
