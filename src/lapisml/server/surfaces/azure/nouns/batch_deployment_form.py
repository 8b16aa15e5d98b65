"""Deployments of batch endpoints: ARM's body ⇄ our document. Pure.

Form: https://learn.microsoft.com/rest/api/azureml/batch-deployments/create-or-update (`BatchDeployment`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.core.durations import read_seconds, write_seconds
from lapisml.server.surfaces.azure.nouns.endpoint_parts import read_code, read_properties, write_code
from lapisml.server.surfaces.azure.nouns.jobs.references import References
from lapisml.server.surfaces.azure.nouns.tables import mapping, read, texts, write

_TOP = {"tags": "tags", "properties": "properties"}
_ASIDE = ("id", "name", "type", "systemData", "location", "kind", "sku", "identity")
_SETTINGS = {
    "miniBatchSize": "mini_batch_size",
    "maxConcurrencyPerInstance": "max_concurrency_per_instance",
    "outputAction": "output_action",
    "outputFileName": "output_file_name",
    "errorThreshold": "error_threshold",
    "loggingLevel": "logging_level",
}
_PARTS = {
    "description": "description",
    "model": "model",
    "environmentId": "environment",
    "codeConfiguration": "code_configuration",
    "environmentVariables": "environment_variables",
    "compute": "compute",
    "resources": "resources",
    "retrySettings": "retry_settings",
    "deploymentConfiguration": "configuration",
    "properties": "properties",
}
_RESOURCES = {
    "instanceCount": "instance_count",
    "instanceType": "instance_type",
    "maxInstanceCount": "max_instance_count",
    "locations": "locations",
    "properties": "properties",
}
_CONFIGURATION = {
    "deploymentConfigurationType": "type",
    "componentId": "component",
    "settings": "settings",
    "description": "description",
    "tags": "tags",
}
_PIPELINE_SETTINGS = ("default_compute", "default_datastore", "continue_on_step_failure", "force_rerun")
_STEP_FAILURE = "componentdeployment.settings.continue_on_step_failure"
"""How the service calls one of the settings in its answers."""
_ACTIONS = {"append_row": "AppendRow", "summary_only": "SummaryOnly"}
_DEFAULTS = {
    "mini_batch_size": 10,
    "max_concurrency_per_instance": 1,
    "error_threshold": -1,
    "logging_level": "info",
    "output_action": "append_row",
}


def document_of(body: Any, references: References) -> dict[str, Any]:
    """Make the document that a body means, without name and endpoint.

    Raises:
        LapisError: DocumentInvalid; NotFound for a code version that there is not.
    """
    top = read(mapping(body, ""), _TOP, "", _ASIDE)
    given = read(mapping(top.get("properties"), "properties"), _SETTINGS | _PARTS, "properties", ("provisioningState",))
    made: dict[str, Any] = {"description": given["description"]} if "description" in given else {}
    if "tags" in top:
        made["tags"] = texts(top["tags"], "tags")
    if "properties" in given:
        made["properties"] = read_properties(given["properties"])
    if "configuration" in given:
        return {**made, **_read_pipeline(given["configuration"], references)}
    return {**made, **_read_model(given, references)}


def properties_of(document: Mapping[str, Any], references: References) -> dict[str, Any]:
    """Write the `properties` of a body from a document."""
    made: dict[str, Any] = {
        "description": document.get("description"),
        "properties": document.get("properties") or {},
    }
    made |= (
        _write_pipeline(document, references)
        if document.get("type") == "pipeline"
        else _write_model(document, references)
    )
    return {key: value for key, value in made.items() if value is not None}


def _read_model(given: Mapping[str, Any], references: References) -> dict[str, Any]:
    made: dict[str, Any] = {"type": "model"}
    if "model" in given:
        made["model"] = references.read(_asset_id(given["model"], "properties.model"), "model")
    if "environment" in given:
        made["environment"] = references.read(given["environment"], "environment")
    if "code_configuration" in given:
        made["code_configuration"] = read_code(given["code_configuration"], references)
    if "compute" in given:
        made["compute"] = references.read(given["compute"], "compute")
    if "resources" in given:
        found = read(mapping(given["resources"], "properties.resources"), _RESOURCES, "properties.resources")
        made["resources"] = {key: value for key, value in found.items() if value not in ({}, [])}
    settings = {key: given[key] for key in _SETTINGS.values() if key in given}
    if str(settings.get("output_action", "")).lower() == "summaryonly":
        settings.pop("output_file_name", None)  # the service's own default, which means nothing here
    if "environment_variables" in given:
        settings["environment_variables"] = texts(given["environment_variables"], "properties.environmentVariables")
    if "retry_settings" in given:
        settings["retry_settings"] = _read_retries(given["retry_settings"])
    return {**made, "settings": settings}


def _write_model(document: Mapping[str, Any], references: References) -> dict[str, Any]:
    settings = {**_DEFAULTS, **(document.get("settings") or {})}
    action = str(settings["output_action"])
    if action == "append_row":
        settings.setdefault("output_file_name", "predictions.csv")
    model = references.write(document.get("model"), "model")
    made: dict[str, Any] = {
        **write(settings, _SETTINGS),
        "outputAction": _ACTIONS.get(action, action),
        "loggingLevel": str(settings["logging_level"]).capitalize(),
        "environmentVariables": settings.get("environment_variables") or {},
        "model": {"referenceType": "Id", "assetId": model} if isinstance(model, str) else None,
        "environmentId": references.write_environment(document.get("environment")),
        "codeConfiguration": write_code(document.get("code_configuration"), references),
        "compute": references.write(document.get("compute"), "compute"),
        "resources": {"instanceCount": 1, "properties": {}, **write(document.get("resources"), _RESOURCES)},
    }
    retries = {"max_retries": 3, "timeout": 30, **(settings.get("retry_settings") or {})}
    made["retrySettings"] = {"maxRetries": retries["max_retries"], "timeout": write_seconds(retries["timeout"])}
    return made


def _read_pipeline(value: Any, references: References) -> dict[str, Any]:
    path = "properties.deploymentConfiguration"
    given = read(mapping(value, path), _CONFIGURATION, path)
    made: dict[str, Any] = {"type": "pipeline"}
    if "component" in given:
        made["component"] = references.read(_asset_id(given["component"], f"{path}.componentId"), "component")
    settings = {_setting(key): inner for key, inner in mapping(given.get("settings"), f"{path}.settings").items()}
    kept = {key: inner for key, inner in settings.items() if inner is not None}
    if "default_compute" in kept:
        kept["default_compute"] = references.read(kept["default_compute"], "compute")
    return {**made, "settings": kept} if kept else made


def _write_pipeline(document: Mapping[str, Any], references: References) -> dict[str, Any]:
    settings = document.get("settings") or {}
    written = {key: settings[key] for key in _PIPELINE_SETTINGS if settings.get(key) is not None}
    if "default_compute" in written:
        written["default_compute"] = references.write(written["default_compute"], "compute")
    component = document.get("component")
    source = component if component is not None else document.get("job_definition")
    kind = "component" if component is not None else "job"
    asset_id = references.write_component(source) if kind == "component" else references.write(source, kind)
    return {
        "deploymentConfiguration": {
            "deploymentConfigurationType": "PipelineComponent",
            "componentId": {"referenceType": "Id", "assetId": asset_id},
            "settings": {key: str(value) for key, value in written.items()},
        },
        "errorThreshold": -1,
        "retrySettings": {"maxRetries": 3, "timeout": "PT30S"},
        "loggingLevel": "Info",
        "miniBatchSize": 10,
        "maxConcurrencyPerInstance": 1,
    }


def _setting(key: str) -> str:
    return "continue_on_step_failure" if key.lower() == _STEP_FAILURE else key


def _asset_id(value: Any, path: str) -> Any:
    """Give the id in an asset reference; a plain text is one too."""
    if isinstance(value, str):
        return value
    found = read(mapping(value, path), {"assetId": "id", "referenceType": "kind"}, path)
    return found.get("id")


def _read_retries(value: Any) -> dict[str, Any]:
    path = "properties.retrySettings"
    found = read(mapping(value, path), {"maxRetries": "max_retries", "timeout": "timeout"}, path)
    if "timeout" in found:
        found["timeout"] = read_seconds(found["timeout"], f"{path}.timeout")
    return found
