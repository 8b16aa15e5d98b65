"""Environments: body of a version ⇄ document.

Source of the body:
https://learn.microsoft.com/azure/templates/microsoft.machinelearningservices/workspaces/environments/versions
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import yaml

from lapisml.core.errors import ErrorCode, LapisError, Problem
from lapisml.server.features.assets.safe_yaml import mapping_of
from lapisml.server.surfaces.azure.casing import camel, snake
from lapisml.server.surfaces.azure.nouns.asset_keys import picked, shown
from lapisml.server.surfaces.azure.nouns.asset_scope import AssetScope

_KEYS = {"image": "image"}
_PASSED = frozenset({"condaFile", "build", "inferenceConfig", "osType", "environmentType", "autoRebuild"})


def document_of(properties: Mapping[str, Any], scope: AssetScope) -> dict[str, Any]:
    """Read a version's ``properties`` into an environment document without name and version.

    Raises:
        LapisError: DocumentInvalid for keys that are not known and for a conda file that can't be read;
            NotSupported for an environment that is to be rebuilt by itself.
    """
    if properties.get("autoRebuild") not in (None, "", "Disabled"):
        sentence = "Environments are not rebuilt by themselves when their base image changes."
        raise LapisError(ErrorCode.NOT_SUPPORTED, sentence, "Leave autoRebuild out, and make a new version.")
    document = picked(properties, _KEYS, _PASSED)
    if properties.get("condaFile"):
        document["conda_file"] = _conda(properties["condaFile"])
    build = properties.get("build")
    if isinstance(build, dict) and build.get("contextUri"):
        context = {"path": scope.own_uri(str(build["contextUri"])), "dockerfile_path": build.get("dockerfilePath")}
        document["build"] = {key: value for key, value in context.items() if value is not None}
    if isinstance(properties.get("inferenceConfig"), dict) and properties["inferenceConfig"]:
        document["inference_config"] = snake(properties["inferenceConfig"])
    if properties.get("osType"):
        document["os_type"] = str(properties["osType"]).lower()
    return document


def properties_of(document: Mapping[str, Any], scope: AssetScope) -> dict[str, Any]:
    """Write an environment document as a version's ``properties``; a list of requirements becomes a conda file."""
    properties = shown(document, _KEYS)
    conda = document.get("conda_file")
    if conda is None and document.get("requirements"):
        conda = {"dependencies": ["pip", {"pip": list(document["requirements"])}]}
    if conda is not None:
        properties["condaFile"] = conda if isinstance(conda, str) else yaml.safe_dump(conda, sort_keys=False)
    build = document.get("build")
    if isinstance(build, dict):
        properties["build"] = {
            "contextUri": scope.shown_uri(str(build["path"])),
            "dockerfilePath": build.get("dockerfile_path") or "Dockerfile",
        }
    if document.get("inference_config"):
        properties["inferenceConfig"] = camel(document["inference_config"])
    properties["osType"] = str(document.get("os_type") or "linux").capitalize()
    properties["environmentType"] = "UserCreated"
    return properties


def _conda(text: Any) -> Any:
    """Read the text of a conda file.

    Raises:
        LapisError: DocumentInvalid.
    """
    if not isinstance(text, str):
        return text
    try:
        return mapping_of(text)
    except ValueError as error:
        why = f"can't be read as a conda file: {error}"
        problem = Problem(why, path="properties.condaFile", expected="lines such as `dependencies:`")
        raise LapisError(ErrorCode.DOCUMENT_INVALID, "The environment is not valid.", problems=[problem]) from error
