"""Every kind of asset from a body to the document and back, and again."""

from __future__ import annotations

from typing import Any

import pytest

from lapisml.core.errors import ErrorCode, LapisError
from lapisml.server.features.assets.records import AssetKind
from lapisml.server.features.assets.validation import checked_document
from lapisml.server.surfaces.azure.nouns.asset_scope import AssetScope
from lapisml.server.surfaces.azure.nouns.assets import FORMS
from tests.unit.azure.assets.conftest import SCOPE, URL

DIGEST = "ab" * 32
LONG = "azureml://subscriptions/sub/resourcegroups/rg/workspaces/default/datastores/workspaceblobstore/paths"
SHORT = "azureml://datastores/workspaceblobstore/paths"
COMMON = {"description": "d", "tags": {"a": "b"}, "properties": {"p": "q"}}

BODIES: list[tuple[AssetKind, dict[str, Any], dict[str, Any]]] = [
    (
        AssetKind.MODELS,
        {
            "modelType": "mlflow_model", "modelUri": f"{LONG}/m/", "stage": "Production",
            "flavors": {"python_function": {"data": {"loader_module": "x", "env": {"conda": "c"}}}},
        },
        {"type": "mlflow_model", "path": f"{SHORT}/m/", "stage": "Production",
         "flavors": {"python_function": {"loader_module": "x", "env": {"conda": "c"}}}},
    ),
    (AssetKind.MODELS, {"modelType": "custom_model", "modelUri": "runs:/r/model", "flavors": {}},
     {"type": "custom_model", "path": "runs:/r/model"}),
    (AssetKind.DATA, {"dataType": "mltable", "dataUri": f"{LONG}/t/"}, {"type": "mltable", "path": f"{SHORT}/t/"}),
    (
        AssetKind.DATA,
        {"dataType": "uri_file", "dataUri": "https://example.com/a.csv",
         "autoDeleteSetting": {"condition": "CreatedGreaterThan", "value": "30d"}},
        {"type": "uri_file", "path": "https://example.com/a.csv",
         "auto_delete_setting": {"condition": "created_greater_than", "value": "30d"}},
    ),
    (
        AssetKind.ENVIRONMENTS,
        {"image": "img", "condaFile": "dependencies:\n- python=3.10\n- pip:\n  - mlflow\n", "osType": "Linux",
         "environmentType": "UserCreated",
         "inferenceConfig": {"livenessRoute": {"port": 1, "path": "/l"}, "readinessRoute": {"port": 2, "path": "/r"},
                             "scoringRoute": {"port": 3, "path": "/s"}}},
        {"image": "img", "conda_file": {"dependencies": ["python=3.10", {"pip": ["mlflow"]}]}, "os_type": "linux",
         "inference_config": {"liveness_route": {"port": 1, "path": "/l"}, "readiness_route": {"port": 2, "path": "/r"},
                              "scoring_route": {"port": 3, "path": "/s"}}},
    ),
    (
        AssetKind.ENVIRONMENTS,
        {"build": {"contextUri": f"{LONG}/LocalUpload/h/ctx/", "dockerfilePath": "sub/Dockerfile"}, "osType": "Linux",
         "environmentType": "UserCreated"},
        {"build": {"path": f"{SHORT}/LocalUpload/h/ctx/", "dockerfile_path": "sub/Dockerfile"}, "os_type": "linux"},
    ),
]  # fmt: skip

COMMAND = {
    "type": "command", "command": "python a.py ${{inputs.lr}}", "display_name": "Train", "is_deterministic": False,
    "code": f"azureml:{SCOPE}/codes/{DIGEST}/versions/1", "environment": f"azureml:{SCOPE}/environments/e/versions/1",
    "environment_variables": {"camelCase": "1"}, "resources": {"instance_count": 2, "shm_size": "2g"},
    "distribution": {"type": "pytorch", "process_count_per_instance": 2},
    "inputs": {"lr": {"type": "number", "default": "0.1", "min": "0.0", "max": "1.0"},
               "n": {"type": "integer", "optional": True}, "d": {"type": "uri_folder", "mode": "download"}},
    "outputs": {"m": {"type": "mlflow_model", "mode": "rw_mount"}},
}  # fmt: skip
PARALLEL = {
    "type": "parallel", "inputs": {"data": {"type": "uri_folder"}}, "outputs": {"out": {"type": "uri_file"}},
    "resources": {"instance_count": 2}, "logging_level": "DEBUG", "mini_batch_size": "5",
    "input_data": "${{inputs.data}}", "max_concurrency_per_instance": 2, "mini_batch_error_threshold": 3,
    "retry_settings": {"max_retries": 2, "timeout": 60},
    "task": {"type": "run_function", "code": f"azureml:{SCOPE}/codes/{DIGEST}/versions/1", "entry_script": "a.py",
             "program_arguments": "--x 1", "append_row_to": "${{outputs.out}}",
             "environment": f"azureml:{SCOPE}/environments/e/versions/1"},
}  # fmt: skip
SPARK = {
    "type": "spark", "code": f"azureml:{SCOPE}/codes/{DIGEST}/versions/1", "entry": {"file": "a.py"}, "args": "--x",
    "environment": f"azureml:{SCOPE}/environments/e/versions/1", "py_files": ["b.py"],
    "conf": {"spark.driver.cores": 1, "spark.driver.memory": "2g"},
}  # fmt: skip
NODE = {
    "name": "a", "type": "command", "_source": "REMOTE.WORKSPACE.COMPONENT", "computeId": f"{SCOPE}/computes/cpu",
    "componentId": f"{SCOPE}/components/train/versions/3", "resources": {"instance_count": 2},
    "inputs": {"lr": {"job_input_type": "literal", "value": "${{parent.inputs.lr}}"}},
    "outputs": {"m": {"value": "${{parent.outputs.m}}", "type": "literal"}},
}  # fmt: skip
PIPELINE = {
    "type": "pipeline", "inputs": {"lr": {"type": "number", "default": "0.1"}},
    "outputs": {"m": {"type": "mlflow_model"}}, "jobs": {"a": NODE},
}  # fmt: skip


def _code_of(text: str) -> str:
    return f"azureml://codes/{text.split('/')[-3]}"


def _scope() -> AssetScope:
    return AssetScope(SCOPE, "default", URL, _code_of)


@pytest.mark.parametrize(("kind", "body", "document"), BODIES)
def test_there_and_back(kind: AssetKind, body: dict[str, Any], document: dict[str, Any]) -> None:
    given, form = {**COMMON, **body}, FORMS[kind]
    read = form.read({**given, "isArchived": False, "isAnonymous": False}, _scope())
    assert read == {**COMMON, **document}
    kept = checked_document(kind, {**read, "name": "x", "version": "1"})
    shown = form.write(kept, _scope())
    assert {key: shown[key] for key in given} == given
    assert checked_document(kind, {**form.read(shown, _scope()), "name": "x", "version": "1"}) == kept


@pytest.mark.parametrize("spec", [COMMAND, PARALLEL, SPARK, PIPELINE], ids=lambda spec: str(spec["type"]))
def test_components_there_and_back(spec: dict[str, Any]) -> None:
    form = FORMS[AssetKind.COMPONENTS]
    body = {**COMMON, "componentSpec": {**spec, "name": "x", "version": "1", "$schema": "s", "_source": "YAML.JOB"}}
    kept = checked_document(AssetKind.COMPONENTS, {**form.read(body, _scope()), "name": "x", "version": "1"})
    assert kept["properties"] == COMMON["properties"]
    assert kept["tags"] == COMMON["tags"]
    shown = form.write(kept, _scope())
    found = shown["componentSpec"]
    wanted = {**spec, "inputs": found.get("inputs", {}), "retry_settings": found.get("retry_settings")}
    assert {key: found.get(key) for key in wanted if wanted[key]} == {k: v for k, v in wanted.items() if v}
    assert {name: str(port.get("default")) for name, port in found.get("inputs", {}).items()} == {
        name: str(port.get("default")) for name, port in spec.get("inputs", {}).items()
    }
    assert checked_document(AssetKind.COMPONENTS, {**form.read(shown, _scope()), "name": "x", "version": "1"}) == kept


def test_short_references_in_the_document() -> None:
    read = FORMS[AssetKind.COMPONENTS].read({"componentSpec": COMMAND}, _scope())
    assert read["code"] == f"azureml://codes/{DIGEST}"
    assert read["environment"] == "azureml:e:1"
    steps = FORMS[AssetKind.COMPONENTS].read({"componentSpec": PIPELINE}, _scope())["jobs"]
    assert steps["a"]["component"] == "azureml:train:3"
    assert steps["a"]["compute"] == "azureml:cpu"


def test_capital_types_of_inputs() -> None:
    spec = {**COMMAND, "inputs": {"n": {"type": "Integer", "default": "3"}, "p": {"type": "Path"}}}
    read = FORMS[AssetKind.COMPONENTS].read({"componentSpec": spec}, _scope())
    assert read["inputs"] == {"n": {"type": "integer", "default": "3"}, "p": {"type": "Path"}}


@pytest.mark.parametrize(
    ("text", "own"),
    [
        (f"{LONG}/a b/", f"{SHORT}/a b/"),
        (f"{URL}/default.blob.lapis/workspaceblobstore/LocalUpload/h/c%20d/", f"{SHORT}/LocalUpload/h/c d/"),
        (f"{URL}/workspaceblobstore/LocalUpload/h/c/", f"{SHORT}/LocalUpload/h/c/"),
        (f"{URL}/other.blob.lapis/workspaceblobstore/x", f"{URL}/other.blob.lapis/workspaceblobstore/x"),
        ("https://a.blob.core.windows.net/c/x", "https://a.blob.core.windows.net/c/x"),
        (f"{SCOPE}/data/d/versions/2", "azureml:d:2"),
        (f"azureml:{SCOPE}/models/m/versions/2", "azureml:m:2"),
        ("azureml://jobs/j/outputs/o", "azureml://jobs/j/outputs/o"),
        ("azureml://registries/r/models/m/versions/1", "azureml://registries/r/models/m/versions/1"),
        (LONG.replace("default", "else") + "/x", LONG.replace("default", "else") + "/x"),
        ("no reference: at all", "no reference: at all"),
    ],
)
def test_addresses_of_content(text: str, own: str) -> None:
    assert _scope().own_uri(text) == own


def test_unknown_and_refused_keys() -> None:
    with pytest.raises(LapisError) as caught:
        FORMS[AssetKind.MODELS].read({"modelUri": "runs:/r/m", "modelTyp": "custom_model"}, _scope())
    assert caught.value.code is ErrorCode.DOCUMENT_INVALID
    assert caught.value.problems[0].path == "properties.modelTyp"
    assert caught.value.problems[0].suggestion == "modelType"
    with pytest.raises(LapisError) as caught:
        FORMS[AssetKind.ENVIRONMENTS].read({"image": "i", "autoRebuild": "OnBaseImageUpdate"}, _scope())
    assert caught.value.code is ErrorCode.NOT_SUPPORTED
    template = {"modelUri": "runs:/r/m", "defaultDeploymentTemplate": {"assetId": "a"}}
    with pytest.raises(LapisError):
        checked_document(AssetKind.MODELS, {**FORMS[AssetKind.MODELS].read(template, _scope()), "name": "x"})


@pytest.mark.parametrize("text", ["- a", "a: &x [1]\nb: *x", "a: [", "x: " + "[" * 1500])
def test_conda_files_that_are_none(text: str) -> None:
    with pytest.raises(LapisError) as caught:
        FORMS[AssetKind.ENVIRONMENTS].read({"image": "i", "condaFile": text}, _scope())
    assert caught.value.code is ErrorCode.DOCUMENT_INVALID


def test_requirements_are_shown_as_a_conda_file() -> None:
    shown = FORMS[AssetKind.ENVIRONMENTS].write({"requirements": ["a==1"]}, _scope())
    assert shown["condaFile"] == "dependencies:\n- pip\n- pip:\n  - a==1\n"
