"""Components: body of a version ⇄ document.

The body holds the document nearly as a file has it, under ``componentSpec``: with ids for what it refers to, and with
the nodes of a pipeline in the form that pipeline jobs have.
Source of the body: https://learn.microsoft.com/azure/templates/microsoft.machinelearningservices/workspaces/components/versions
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.server.surfaces.azure.nouns.asset_keys import picked, shown
from lapisml.server.surfaces.azure.nouns.asset_scope import AssetScope
from lapisml.server.surfaces.azure.nouns.job_components import component_of
from lapisml.server.surfaces.azure.nouns.jobs.steps import read_step, write_step

SPEC = "componentSpec"
_NOT_OF_THE_DOCUMENT = frozenset(
    {"$schema", "_source", "id", "name", "version", "creation_context", "tags", "properties"}
    | {"sourceJobId", "source_job_id"}
)
_TYPES = ("string", "integer", "number", "boolean")
_REFERENCES = ("code", "environment")


def document_of(properties: Mapping[str, Any], scope: AssetScope) -> dict[str, Any]:
    """Read a version's ``properties`` into a component document without name and version.

    Raises:
        LapisError: DocumentInvalid for keys that are not known, and without a ``componentSpec``.
    """
    spec = properties.get(SPEC)
    if not isinstance(spec, Mapping):
        problem = Problem("is missing or no object", path=f"properties.{SPEC}", expected="the component")
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "The component is not valid.", problems=[problem])
    source = spec.get("sourceJobId") or spec.get("source_job_id")
    if source and not spec.get("jobs"):
        return _of_job(str(source), scope)
    document = {key: value for key, value in spec.items() if key not in _NOT_OF_THE_DOCUMENT and value is not None}
    _read_parts(document, scope)
    for key in ("inputs", "outputs"):
        if isinstance(document.get(key), Mapping):
            document[key] = {name: _own_port(port) for name, port in document[key].items()}
    if isinstance(document.get("jobs"), Mapping):
        at = f"properties.{SPEC}.jobs"
        document["jobs"] = {
            name: read_step(step, f"{at}.{name}", scope.references) for name, step in document["jobs"].items()
        }
    given = picked(properties, {}, frozenset({SPEC, "stage"}))
    for key in ("tags", "properties"):
        if isinstance(spec.get(key), Mapping) and isinstance(given.get(key, {}), Mapping):
            given[key] = {**spec[key], **given.get(key, {})}
    return {**document, **{key: value for key, value in given.items() if value != {}}}


def _of_job(source: str, scope: AssetScope) -> dict[str, Any]:
    """Make the component of a job; its version is of its content, since clients call each such component version 1."""
    name = source.removeprefix("azureml:").rstrip("/").rsplit("/", 1)[-1]
    made = component_of(name, scope.job_of(name))
    return {**made, "version": hashlib.sha256(json.dumps(made, sort_keys=True).encode()).hexdigest()[:32]}


def properties_of(document: Mapping[str, Any], scope: AssetScope) -> dict[str, Any]:
    """Write a component document, with its name and version, as a version's ``properties``."""
    spec = {key: value for key, value in document.items() if key != "properties" and value is not None}
    spec.setdefault("type", "command")
    _write_parts(spec, scope)
    if isinstance(spec.get("jobs"), Mapping):
        spec["jobs"] = {name: write_step(name, step, scope.references) for name, step in spec["jobs"].items()}
    return {**shown(document, {}), SPEC: {**spec, "_source": "YAML.COMPONENT"}}


def _read_parts(document: dict[str, Any], scope: AssetScope) -> None:
    """Write the ids of code and environment the short way, those of a parallel component's task too."""
    for key in _REFERENCES:
        if key in document:
            document[key] = scope.references.read(document[key], key)
    if isinstance(document.get("task"), Mapping):
        document["task"] = dict(document["task"])
        _read_parts(document["task"], scope)


def _write_parts(spec: dict[str, Any], scope: AssetScope) -> None:
    for key in _REFERENCES:
        if isinstance(spec.get(key), str):
            spec[key] = scope.shown_reference(spec[key], key)
    if isinstance(spec.get("environment"), Mapping):
        spec["environment"] = f"azureml:{scope.references.write_environment(spec['environment'])}"
    if isinstance(spec.get("task"), Mapping):
        spec["task"] = dict(spec["task"])
        _write_parts(spec["task"], scope)


def _own_port(port: Any) -> Any:
    """Write the type of an input our way: some clients begin the words of literal types with a capital."""
    if not isinstance(port, Mapping):
        return port
    kind = str(port.get("type", "")).lower()
    return {**port, "type": kind} if kind in _TYPES else dict(port)
