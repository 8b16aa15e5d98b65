"""Deployments of online endpoints: ARM's body ⇄ our document. Pure.

Form: https://learn.microsoft.com/rest/api/azureml/online-deployments/create-or-update (`OnlineDeployment`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.core.durations import read_millis, read_seconds, write_millis, write_seconds
from lapisml.server.surfaces.azure.nouns.endpoint_parts import read_code, read_properties, write_code
from lapisml.server.surfaces.azure.nouns.jobs.references import References
from lapisml.server.surfaces.azure.nouns.tables import mapping, read, texts, without_defaults, write

_TOP = {"tags": "tags", "properties": "properties", "sku": "sku", "kind": "kind", "identity": "identity"}
_PLAIN = {
    "description": "description",
    "instanceType": "instance_type",
    "appInsightsEnabled": "app_insights_enabled",
    "egressPublicNetworkAccess": "egress_public_network_access",
    "privateNetworkConnection": "private_network_connection",
    "modelMountPath": "model_mount_path",
}
_PARTS = {
    "endpointComputeType": "type",
    "instanceCount": "instance_count",
    "environmentVariables": "environment_variables",
    "model": "model",
    "environmentId": "environment",
    "codeConfiguration": "code_configuration",
    "scaleSettings": "scale_settings",
    "requestSettings": "request_settings",
    "livenessProbe": "liveness_probe",
    "readinessProbe": "readiness_probe",
    "dataCollector": "data_collector",
    "containerResourceRequirements": "resources",
    "properties": "properties",
}
_SCALE = {
    "scaleType": "type",
    "minInstances": "min_instances",
    "maxInstances": "max_instances",
    "pollingInterval": "polling_interval",
    "targetUtilizationPercentage": "target_utilization_percentage",
}
_REQUESTS = {
    "requestTimeout": "request_timeout_ms",
    "maxConcurrentRequestsPerInstance": "max_concurrent_requests_per_instance",
    "maxQueueWait": "max_queue_wait_ms",
}
_PROBE = {
    "initialDelay": "initial_delay",
    "period": "period",
    "timeout": "timeout",
    "successThreshold": "success_threshold",
    "failureThreshold": "failure_threshold",
}
_COLLECTOR = {"collections": "collections", "rollingRate": "rolling_rate", "requestLogging": "request_logging"}
_COLLECTION = {
    "dataCollectionMode": "enabled",
    "samplingRate": "sampling_rate",
    "dataId": "data",
    "clientId": "client_id",
}
_AMOUNTS = {"cpu": "cpu", "memory": "memory", "gpu": "gpu"}
_RESOURCES = {"containerResourceLimits": "limits", "containerResourceRequests": "requests"}
_WORDS = {"default": "Default", "target_utilization": "TargetUtilization"}
_DEFAULTS = {
    "app_insights_enabled": False,
    "egress_public_network_access": "enabled",
    "environment_variables": {},
    "properties": {},
    "tags": {},
    "scale_settings": {"type": "default"},
}
_ASIDE = ("id", "name", "type", "systemData", "location")
_IN_MILLIS = ("request_timeout_ms", "max_queue_wait_ms")
_IN_SECONDS = ("initial_delay", "period", "timeout", "polling_interval")


def document_of(body: Any, references: References) -> dict[str, Any]:
    """Make the document that a body means, without name and endpoint.

    Raises:
        LapisError: DocumentInvalid; NotFound for a code version that there is not.
    """
    top = read(mapping(body, ""), _TOP, "", _ASIDE)
    given = read(mapping(top.get("properties"), "properties"), _PLAIN | _PARTS, "properties", ("provisioningState",))
    made: dict[str, Any] = {key: given[key] for key in (*_PLAIN.values(), "type", "instance_count") if key in given}
    made |= {key: references.read(given[key], key) for key in ("model", "environment") if key in given}
    count = mapping(top.get("sku"), "sku").get("capacity")
    if count is not None:
        made["instance_count"] = count
    if "tags" in top:
        made["tags"] = texts(top["tags"], "tags")
    if "properties" in given:
        made["properties"] = read_properties(given["properties"])
    if "code_configuration" in given:
        made["code_configuration"] = read_code(given["code_configuration"], references)
    read_parts = {key: reader for key, reader in _READERS.items() if key in given}
    made |= {key: reader(given[key], f"properties.{_theirs(key)}") for key, reader in read_parts.items()}
    return without_defaults(made, _DEFAULTS)


def properties_of(document: Mapping[str, Any], references: References) -> dict[str, Any]:
    """Write the `properties` of a body from a document."""
    managed = str(document.get("type") or "managed").lower() != "kubernetes"
    made: dict[str, Any] = {
        "endpointComputeType": "Managed" if managed else "Kubernetes",
        **write(document, _PLAIN),
        "environmentVariables": document.get("environment_variables") or {},
        "properties": document.get("properties") or {},
        "appInsightsEnabled": bool(document.get("app_insights_enabled")),
        "model": references.write(document.get("model"), "model"),
        "environmentId": references.write_environment(document.get("environment")),
        "codeConfiguration": write_code(document.get("code_configuration"), references),
        "scaleSettings": _write_scale(document.get("scale_settings")),
        "dataCollector": _write_collector(document.get("data_collector")),
    }
    if managed:
        access = document.get("egress_public_network_access") or "enabled"
        made["egressPublicNetworkAccess"] = str(access).capitalize()
    if document.get("request_settings"):
        made["requestSettings"] = _write_times(document["request_settings"], _REQUESTS)
    for key in ("liveness_probe", "readiness_probe"):
        if document.get(key):
            made[_theirs(key)] = _write_times(document[key], _PROBE)
    if document.get("resources"):
        made["containerResourceRequirements"] = {
            theirs: write(document["resources"][ours], _AMOUNTS)
            for theirs, ours in _RESOURCES.items()
            if document["resources"].get(ours)
        }
    return {key: value for key, value in made.items() if value is not None}


def _theirs(ours: str) -> str:
    return next(theirs for theirs, key in _PARTS.items() if key == ours)


def _read_times(value: Any, table: Mapping[str, str], path: str) -> dict[str, Any]:
    found = read(mapping(value, path), table, path)
    for theirs, ours in table.items():
        if ours in found and ours in _IN_MILLIS:
            found[ours] = read_millis(found[ours], f"{path}.{theirs}")
        elif ours in found and ours in _IN_SECONDS:
            found[ours] = read_seconds(found[ours], f"{path}.{theirs}")
    return found


def _write_times(document: Mapping[str, Any], table: Mapping[str, str]) -> dict[str, Any]:
    made = write(document, table)
    for theirs, ours in table.items():
        if theirs in made and ours in _IN_MILLIS:
            made[theirs] = write_millis(made[theirs])
        elif theirs in made and ours in _IN_SECONDS:
            made[theirs] = write_seconds(made[theirs])
    return made


def _read_scale(value: Any, path: str) -> dict[str, Any]:
    found = _read_times(value, _SCALE, path)
    return {"type": "default"} if str(found.get("type", "")).lower() == "default" else found


def _write_scale(document: Mapping[str, Any] | None) -> dict[str, Any]:
    """Write how many replicas there are; clients want it always."""
    made = _write_times(document or {"type": "default"}, _SCALE)
    return {**made, "scaleType": _WORDS.get(str(made.get("scaleType")).lower(), made.get("scaleType"))}


def _read_requests(value: Any, path: str) -> dict[str, Any]:
    return _read_times(value, _REQUESTS, path)


def _read_probe(value: Any, path: str) -> dict[str, Any]:
    return _read_times(value, _PROBE, path)


def _read_collector(value: Any, path: str) -> dict[str, Any]:
    found = read(mapping(value, path), _COLLECTOR, path)
    collections = {}
    for name, given in mapping(found.get("collections"), f"{path}.collections").items():
        place = f"{path}.collections.{name}"
        one = read(mapping(given, place), _COLLECTION, place)
        collections[name] = {**one, "enabled": str(one.get("enabled", "")).lower() in ("enabled", "true")}
    found["collections"] = collections
    if "request_logging" in found:
        place = f"{path}.requestLogging"
        found["request_logging"] = read(
            mapping(found["request_logging"], place), {"captureHeaders": "capture_headers"}, place
        )
    return found


def _write_collector(document: Mapping[str, Any] | None) -> dict[str, Any] | None:
    if not document:
        return None
    made = {
        "rollingRate": str(document.get("rolling_rate") or "hour").capitalize(),
        "collections": {
            name: _write_collection(one, document.get("sampling_rate"))
            for name, one in (document.get("collections") or {}).items()
        },
    }
    logging = document.get("request_logging")
    return {**made, "requestLogging": write(logging, {"captureHeaders": "capture_headers"})} if logging else made


def _write_collection(document: Mapping[str, Any], rate: Any) -> dict[str, Any]:
    data = document.get("data")
    made = write({"sampling_rate": rate, **document}, _COLLECTION)
    if isinstance(data, Mapping):
        made["dataId"] = data.get("data_id") or data.get("path") or data.get("name")
    return {**made, "dataCollectionMode": "Enabled" if document.get("enabled") else "Disabled"}


def _read_resources(value: Any, path: str) -> dict[str, Any]:
    found = read(mapping(value, path), _RESOURCES, path)
    return {key: read(mapping(inner, f"{path}.{key}"), _AMOUNTS, f"{path}.{key}") for key, inner in found.items()}


_READERS = {
    "environment_variables": texts,
    "scale_settings": _read_scale,
    "request_settings": _read_requests,
    "liveness_probe": _read_probe,
    "readiness_probe": _read_probe,
    "data_collector": _read_collector,
    "resources": _read_resources,
}
