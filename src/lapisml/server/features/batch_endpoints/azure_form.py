"""The body that Azure's clients post to the ``scoring_uri`` of a batch endpoint, in terms of ours. Pure.

Form: https://learn.microsoft.com/rest/api/azureml/batch-job-endpoint/create (`BatchJob`), whose keys are written with
a capital or a small first letter; the older `dataset` of model deployments is read too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.core.durations import read_seconds
from lapisml.core.errors import ErrorCode, LapisError

DATA = "input_data"
"""What the one input of a request in the older form is called."""
SCORE = "score"
"""What its output is called."""
_OLD_OUTPUT = "output_name"
"""What an SDK calls the output that it makes of a dataset in the older form."""

_TYPES = {
    "urifile": "uri_file",
    "urifolder": "uri_folder",
    "mltable": "mltable",
    "mlflowmodel": "mlflow_model",
    "custommodel": "custom_model",
    "tritonmodel": "triton_model",
}
_PLAIN = {
    "experimentname": "experiment_name",
    "displayname": "display_name",
    "description": "description",
    "name": "job_name",
    "minibatchsize": "mini_batch_size",
    "errorthreshold": "error_threshold",
    "outputfilename": "output_file_name",
    "maxconcurrencyperinstance": "max_concurrency_per_instance",
    "logginglevel": "logging_level",
    "tags": "tags",
}


def is_azure_form(body: Mapping[str, Any]) -> bool:
    """Say whether a body is in Azure's form."""
    return isinstance(body.get("properties"), Mapping) and not body.get("inputs")


def translated(body: Mapping[str, Any]) -> dict[str, Any]:
    """Translate a body.

    Raises:
        LapisError: DocumentInvalid for an input or output that is none.
    """
    given = _folded(body["properties"])
    more = _folded(given.get("properties") or {})
    found = {ours: {**more, **given}[theirs] for theirs, ours in _PLAIN.items() if theirs in {**more, **given}}
    inputs = {name: _input(name, value) for name, value in (given.get("inputdata") or {}).items()}
    if given.get("dataset"):
        inputs[DATA] = _dataset(_folded(given["dataset"]))
    outputs = {name: _output(name, value) for name, value in (given.get("outputdata") or {}).items()}
    if not outputs and given.get("outputdataset"):
        outputs = {SCORE: _output_dataset(_folded(given["outputdataset"]))}
    if given.get("retrysettings"):
        found["retry_settings"] = _retries(_folded(given["retrysettings"]))
    compute = _folded(given.get("compute") or {})
    if compute.get("instancecount"):
        found["instance_count"] = compute["instancecount"]
    if compute.get("target"):
        found["compute"] = str(compute["target"])
    if tuple(outputs) == (_OLD_OUTPUT,):
        outputs = _as_file(outputs[_OLD_OUTPUT], found)
    return {**found, "inputs": inputs, "outputs": outputs}


def _input(name: str, value: Any) -> Any:
    given = _mapping(f"InputData.{name}", value)
    kind = str(given.get("jobinputtype", "")).lower()
    if kind == "literal" or "value" in given:
        return given.get("value")
    if not given.get("uri"):
        raise _invalid(f"InputData.{name}", "a mapping with `JobInputType` and `Uri`, or `Value`")
    return {"type": _TYPES.get(kind, "uri_folder"), "path": str(given["uri"])}


def _output(name: str, value: Any) -> dict[str, Any]:
    given = _mapping(f"OutputData.{name}", value)
    kind = str(given.get("joboutputtype", "")).lower()
    return {"type": _TYPES.get(kind, "uri_folder"), **({"path": str(given["uri"])} if given.get("uri") else {})}


def _dataset(given: Mapping[str, Any]) -> dict[str, Any]:
    """Read the older form: ``DataUrl`` with a path, ``DataId`` with an asset."""
    path = given.get("path") or given.get("datasetid") or given.get("dataid")
    if not path:
        raise _invalid("dataset", "a mapping with `path` or `datasetId`")
    return {"type": "uri_folder", "path": str(path)}


def _as_file(output: dict[str, Any], found: dict[str, Any]) -> dict[str, Any]:
    """Read what an SDK makes of an output dataset and a file's name: the address of the file."""
    folder, slash, name = str(output.get("path") or "").rpartition("/")
    if output["type"] == "uri_file" and slash and "." in name:
        found["output_file_name"] = name
        return {SCORE: {"type": "uri_folder", "path": f"{folder}/"}}
    return {SCORE: {**output, "type": "uri_folder"}}


def _output_dataset(given: Mapping[str, Any]) -> dict[str, Any]:
    """Read where the older form has results written: a datastore and a path in it."""
    store = str(given.get("datastoreid") or "").rstrip("/").removeprefix("azureml:").rsplit("/", 1)[-1]
    if not store:
        raise _invalid("outputDataset", "a mapping with `datastoreId` and `path`")
    return {"type": "uri_folder", "path": f"azureml://datastores/{store}/paths/{given.get('path') or ''}"}


def _retries(given: Mapping[str, Any]) -> dict[str, Any]:
    """Read how often and how long a mini-batch is tried; a time is seconds, or a duration of ISO 8601."""
    made = {"max_retries": given["maxretries"]} if given.get("maxretries") is not None else {}
    limit = given.get("timeout")
    if isinstance(limit, str) and not limit.isdecimal():
        limit = read_seconds(limit, "properties.retrySettings.timeout")
    return made if limit is None else {**made, "timeout": int(limit)}


def _mapping(place: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise _invalid(place, "a mapping")
    return _folded(value)


def _folded(given: Any) -> dict[str, Any]:
    return {str(key).lower(): value for key, value in given.items()} if isinstance(given, Mapping) else {}


def _invalid(place: str, expected: str) -> LapisError:
    return LapisError(ErrorCode.DOCUMENT_INVALID, f"The request is not valid: properties.{place} is not {expected}.")
