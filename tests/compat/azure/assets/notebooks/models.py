"""Models with the official SDK: local files, MLflow folders, stages, tags, download, archive; no packages."""

import os
from collections.abc import Callable
from pathlib import Path

from azure.ai.ml import MLClient
from azure.ai.ml.constants import AssetTypes
from azure.ai.ml.entities import Model
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

# A folder that is a model of MLflow, and one file.
Path("mlflow-model/data").mkdir(parents=True)
Path("mlflow-model/MLmodel").write_text(
    "flavors:\n  python_function:\n    loader_module: mlflow.sklearn\n    env: conda.yaml\n"
)
Path("mlflow-model/data/model.pkl").write_bytes(b"\x80\x04N." * 50_000)
Path("weights.bin").write_bytes(bytes(range(256)))
model = ml_client.models.create_or_update(
    Model(
        name="sdk-model",
        path="mlflow-model",
        type=AssetTypes.MLFLOW_MODEL,
        description="d",
        tags={"a": "b"},
        stage="Staging",
    )
)
assert (model.version, model.type, model.stage, model.tags) == ("1", AssetTypes.MLFLOW_MODEL, "Staging", {"a": "b"})
assert model.flavors["python_function"]["loader_module"] == "mlflow.sklearn", model.flavors
second = ml_client.models.create_or_update(Model(name="sdk-model", path="mlflow-model", type=AssetTypes.MLFLOW_MODEL))
assert second.version == "2"
assert second.path == model.path
single = ml_client.models.create_or_update(
    Model(name="sdk-single", version="5", path="weights.bin", type=AssetTypes.CUSTOM_MODEL)
)
assert (single.version, single.type, dict(single.flavors or {})) == ("5", AssetTypes.CUSTOM_MODEL, {})

# Changed in place: tags, description, properties stay with the version.
latest = ml_client.models.get("sdk-model", label="latest")
assert latest.version == "2"
latest.tags = {"stage": "prod"}
latest.description = "changed"
again = ml_client.models.create_or_update(latest)
assert (again.version, again.tags, again.description) == ("2", {"stage": "prod"}, "changed")

# Lists, archive, restore.
assert [model.version for model in ml_client.models.list(name="sdk-model")] == ["2", "1"]
assert [model.version for model in ml_client.models.list(name="sdk-model", stage="Staging")] == ["1"]
assert "sdk-single" in [model.name for model in ml_client.models.list()]
ml_client.models.archive("sdk-model", version="2")
assert ml_client.models.get("sdk-model", label="latest").version == "1"
assert ml_client.models.get("sdk-model", version="1").stage == "Staging"
ml_client.models.restore("sdk-model", version="2")
assert [model.version for model in ml_client.models.list(name="sdk-model")] == ["2", "1"]

# Downloaded as it was.
ml_client.models.download("sdk-model", "1", download_path="down")
[found] = Path("down").rglob("MLmodel")
assert found.read_text() == Path("mlflow-model/MLmodel").read_text()
assert (found.parent / "data/model.pkl").read_bytes() == Path("mlflow-model/data/model.pkl").read_bytes()
ml_client.models.download("sdk-single", "5", download_path="down-file")
[found] = [path for path in Path("down-file").rglob("*") if path.is_file()]
assert found.read_bytes() == Path("weights.bin").read_bytes()

# A model whose path names one that is registered already.
copy = ml_client.models.create_or_update(Model(name="sdk-copy", path=model.path, type=AssetTypes.MLFLOW_MODEL))
assert copy.flavors["python_function"]["env"] == "conda.yaml"

create = ml_client.models.create_or_update
refused(ResourceNotFoundError, ml_client.models.get, "sdk-none", version="1")
refused(ResourceExistsError, create, Model(name="sdk-single", version="5", path="mlflow-model"))
lost = "azureml://jobs/none/outputs/artifacts/paths/model/"
refused(HttpResponseError, create, Model(name="sdk-lost", version="1", path=lost))
print("models: done")
