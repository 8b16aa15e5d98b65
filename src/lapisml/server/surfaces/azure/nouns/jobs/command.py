"""Command jobs: their REST form and our document. Pure.

Source of the form: https://learn.microsoft.com/azure/templates/microsoft.machinelearningservices/workspaces/jobs
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from lapisml.server.surfaces.azure.nouns.jobs.common import Readers, as_is, read_common, taken, write_common
from lapisml.server.surfaces.azure.nouns.jobs.data import read_inputs, read_outputs, write_inputs, write_outputs
from lapisml.server.surfaces.azure.nouns.jobs.parts import (
    read_distribution,
    read_limits,
    read_queue,
    read_resources,
    write_distribution,
    write_limits,
    write_queue,
    write_resources,
)
from lapisml.server.surfaces.azure.nouns.jobs.references import References
from lapisml.server.surfaces.azure.nouns.jobs.words import filled


def read_command(body: Mapping[str, Any], references: References) -> dict[str, Any]:
    """Read the `properties` of a command job.

    Raises:
        LapisError: DocumentInvalid, NotSupported.
    """
    readers: Readers = {
        "command": ("command", as_is),
        "codeId": ("code", lambda value, _path: references.read(value, "code")),
        "environmentId": ("environment", lambda value, _path: references.read(value, "environment")),
        "inputs": ("inputs", partial(read_inputs, references=references)),
        "outputs": ("outputs", partial(read_outputs, references=references)),
        "environmentVariables": ("environment_variables", as_is),
        "distribution": ("distribution", read_distribution),
        "resources": ("resources", read_resources),
        "limits": ("limits", read_limits),
        "queueSettings": ("queue_settings", read_queue),
    }
    return {**read_common(body, "command", readers, references), **taken(body, readers)}


def write_command(document: Mapping[str, Any], references: References) -> dict[str, Any]:
    """Write the `properties` of a command job."""
    return {
        **write_common(document, "Command", references),
        "command": document.get("command"),
        **filled(
            {
                "codeId": references.write(document.get("code"), "code"),
                "environmentId": references.write_environment(document.get("environment")),
                "distribution": write_distribution(document.get("distribution")),
                "resources": write_resources(document.get("resources")),
                "limits": write_limits(document.get("limits"), "Command"),
                "queueSettings": write_queue(document.get("queue_settings")),
            }
        ),
        "inputs": write_inputs(document.get("inputs"), references),
        "outputs": write_outputs(document.get("outputs")),
        "environmentVariables": dict(document.get("environment_variables") or {}),
    }
