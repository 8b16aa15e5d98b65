"""Data assets with the official SDK: files, folders, tables, addresses; versions, labels, archive."""

import os
from collections.abc import Callable
from pathlib import Path

from azure.ai.ml import MLClient
from azure.ai.ml.constants import AssetTypes, ListViewType
from azure.ai.ml.entities import Data
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.identity import DefaultAzureCredential


def refused(error: type[Exception], call: Callable[..., object], *given: object, **named: object) -> None:
    """Expect a call to raise what a script would catch, with something said."""
    try:
        call(*given, **named)
    except error as raised:
        print("refused:", str(raised).splitlines()[0])
    else:
        raise AssertionError(f"no {error.__name__}")


ml_client = MLClient(
    DefaultAzureCredential(), os.environ["SUBSCRIPTION_ID"], os.environ["RESOURCE_GROUP"], os.environ["WORKSPACE_NAME"]
)
STORE = (
    "azureml://subscriptions/{SUBSCRIPTION_ID}/resourcegroups/{RESOURCE_GROUP}/workspaces/{WORKSPACE_NAME}/datastores"
)
STORE = STORE.format(**os.environ)

# A local file and a local folder are uploaded; the same content is not sent twice.
Path("folder/sub").mkdir(parents=True)
Path("folder/a b.csv").write_text("x,y\n1,2\n")
Path("folder/sub/ü.csv").write_text("x,y\n3,4\n")
file = ml_client.data.create_or_update(
    Data(
        name="sdk-file", version="1", path="folder/a b.csv", type=AssetTypes.URI_FILE, description="d", tags={"a": "b"}
    )
)
assert file.path.startswith(f"{STORE}/workspaceblobstore/paths/LocalUpload/"), file.path
assert (file.type, file.description, file.tags) == (AssetTypes.URI_FILE, "d", {"a": "b"})
folder = ml_client.data.create_or_update(Data(name="sdk-folder", path="folder", type=AssetTypes.URI_FOLDER))
repeated = ml_client.data.create_or_update(Data(name="sdk-folder", path="folder/", type=AssetTypes.URI_FOLDER))
assert (folder.version, repeated.version, repeated.path) == ("1", "2", folder.path)
Path("folder/a b.csv").write_text("x,y\n5,6\n")
changed = ml_client.data.create_or_update(Data(name="sdk-folder", path="folder", type=AssetTypes.URI_FOLDER))
assert changed.version == "3"
assert changed.path != folder.path

# A table, and addresses.
Path("table").mkdir()
Path("table/rows.csv").write_text("x,y\n1,2\n")
Path("table/MLTable").write_text(
    "type: mltable\npaths:\n  - file: ./rows.csv\ntransformations:\n  - read_delimited:\n      delimiter: ','\n"
)
table = ml_client.data.create_or_update(Data(name="sdk-table", path="table", type=AssetTypes.MLTABLE, version="7"))
assert (table.type, table.version) == (AssetTypes.MLTABLE, "7")
web = ml_client.data.create_or_update(
    Data(name="sdk-web", version="1", path="https://example.com/a.csv", type=AssetTypes.URI_FILE)
)
assert web.path == "https://example.com/a.csv"
stored = ml_client.data.create_or_update(
    Data(
        name="sdk-stored",
        version="1",
        path="azureml://datastores/workspaceblobstore/paths/some/",
        type=AssetTypes.URI_FOLDER,
    )
)
assert stored.path == f"{STORE}/workspaceblobstore/paths/some/"

# Versions, labels, lists, archive.
assert ml_client.data.get("sdk-folder", label="latest").version == "3"
assert [data.version for data in ml_client.data.list(name="sdk-folder")] == ["3", "2", "1"]
assert {data.name: (data.latest_version, data.type) for data in ml_client.data.list()}["sdk-table"] == ("7", "mltable")
ml_client.data.archive("sdk-folder", version="3")
assert ml_client.data.get("sdk-folder", label="latest").version == "2"
ml_client.data.restore("sdk-folder", version="3")
ml_client.data.archive("sdk-folder")
assert "sdk-folder" in [data.name for data in ml_client.data.list(list_view_type=ListViewType.ARCHIVED_ONLY)]
assert "sdk-folder" not in [data.name for data in ml_client.data.list()]
ml_client.data.restore("sdk-folder")
file.tags["new"] = "1"
file.description = "other"
updated = ml_client.data.create_or_update(file)
assert (updated.version, updated.tags, updated.description) == ("1", {"a": "b", "new": "1"}, "other")

create = ml_client.data.create_or_update
kind = AssetTypes.URI_FILE
refused(ResourceNotFoundError, ml_client.data.get, "sdk-none", version="1")
refused(ResourceExistsError, create, Data(name="sdk-web", version="1", path="https://example.com/b", type=kind))
for path in ("azureml://datastores/none/paths/x", "azureml://datastores/workspaceblobstore/paths/../x"):
    refused(HttpResponseError, create, Data(name="sdk-bad", version="1", path=path, type=kind))
print("data: done")
