"""The body that Azure's clients post to the ``scoring_uri`` of a batch endpoint, in terms of ours. Pure.

Form: https://learn.microsoft.com/rest/api/azureml/batch-job-endpoint/create (`BatchJob`), whose keys are written with
a capital or a small first letter; the older `dataset` of model deployments is read too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError

DATA = "input_data"
"""What the one input of a request in the older form is called."""

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
    compute = _folded(given.get("compute") or {})
    if compute.get("instancecount"):
        found["instance_count"] = compute["instancecount"]
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


def _mapping(place: str, value: Any) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise _invalid(place, "a mapping")
    return _folded(value)


def _folded(given: Any) -> dict[str, Any]:
    return {str(key).lower(): value for key, value in given.items()} if isinstance(given, Mapping) else {}


def _invalid(place: str, expected: str) -> LapisError:
    return LapisError(ErrorCode.DOCUMENT_INVALID, f"The request is not valid: properties.{place} is not {expected}.")
