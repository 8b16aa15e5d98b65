"""Nodes of a pipeline: their REST form and the steps of our documents. Pure.

A node is a loose object with ``snake_case`` keys; only what it refers to (`componentId`, `computeId`) is written in
``camelCase``. Its parts are those of jobs with their keys turned around.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from lapisml.server.surfaces.azure.nouns.jobs import parts
from lapisml.server.surfaces.azure.nouns.jobs.data import read_inputs, read_outputs, write_inputs, write_outputs
from lapisml.server.surfaces.azure.nouns.jobs.references import References
from lapisml.server.surfaces.azure.nouns.jobs.spark import read_entry, write_entry
from lapisml.server.surfaces.azure.nouns.jobs.sweep import (
    read_objective,
    read_policy,
    read_sampling,
    read_space,
    write_policy,
)
from lapisml.server.surfaces.azure.nouns.jobs.words import filled, mapping, snaked

_READERS: dict[str, Callable[[Any, str], Any]] = {
    "resources": parts.read_resources,
    "distribution": parts.read_distribution,
    "limits": parts.read_limits,
    "identity": parts.read_identity,
    "queue_settings": parts.read_queue,
    "services": parts.read_services,
    "entry": read_entry,
    "sampling_algorithm": read_sampling,
    "objective": read_objective,
    "early_termination": read_policy,
    "search_space": read_space,
}
_WRITERS: dict[str, Callable[[Any], Any]] = {
    "resources": parts.write_resources,
    "distribution": parts.write_distribution,
    "identity": parts.write_identity,
    "queue_settings": parts.write_queue,
    "entry": write_entry,
    "early_termination": write_policy,
}
_SAID_ALREADY = {"parallel": ("task",), "spark": ("entry", "code")}
"""What a node repeats of its component."""

_FOR_CLIENTS = ("_source", "$schema", "experiment_name", "status", "name", "instance_id", "is_anonymous")
"""What a client notes for itself. The name of a node is its key."""


def read_step(body: Any, path: str, references: References) -> dict[str, Any]:
    """Read a node.

    Raises:
        LapisError: DocumentInvalid.
    """
    given = {key: value for key, value in snaked(mapping(body, path)).items() if key not in _FOR_CLIENTS}
    made: dict[str, Any] = {}
    made |= filled({"type": given.pop("type", None)})
    made |= _named(given, references)
    made |= filled(
        {
            "inputs": read_inputs(given.pop("inputs", None), f"{path}.inputs", references),
            "outputs": read_outputs(given.pop("outputs", None), f"{path}.outputs", references),
        }
    )
    for key in _SAID_ALREADY.get(str(made.get("type")), ()) if "component" in made else ():
        given.pop(key, None)
    made |= filled({"description": given.pop("comment", None)})
    for key, value in given.items():
        read = _READERS.get(key)
        made[key] = value if read is None else read(value, f"{path}.{key}")
    return _tidied(filled(made))


def _named(given: dict[str, Any], references: References) -> dict[str, Any]:
    """Read what a node refers to."""
    compute = given.pop("compute_id", None)
    found = {
        "component": references.read(given.pop("component_id", None), "component"),
        "compute": parts.read_compute({"computeId": compute}, references),
    }
    trial = given.pop("trial", None)
    if isinstance(trial, Mapping) and "componentId" in trial:
        trial = references.read(trial["componentId"], "component")
    return filled({**found, "trial": trial})


def _tidied(step: dict[str, Any]) -> dict[str, Any]:
    keys = step.get("partition_keys")
    if isinstance(keys, str) and keys.startswith("["):
        step["partition_keys"] = json.loads(keys)
    return step


def write_step(name: str, step: Mapping[str, Any], references: References) -> dict[str, Any]:
    """Write a node."""
    made = {key: value for key, value in step.items() if value is not None}
    component = made.pop("component", None)
    kind = made.pop("type", None) or _type_of(component, references)
    node: dict[str, Any] = {"name": name, "type": kind, "_source": "REMOTE.WORKSPACE.COMPONENT"}
    inputs = _snake_parts(write_inputs(made.pop("inputs", None), references))
    outputs = _snake_parts(write_outputs(made.pop("outputs", None), of_node=True))
    node |= {"inputs": inputs, "outputs": outputs}
    if "compute" in made:
        node["computeId"] = references.write(made.pop("compute"), "compute")
    if "limits" in made and kind != "sweep":
        made["limits"] = snaked(parts.write_limits(made["limits"], "Command") or {})
    if "services" in made:
        made["services"] = _snake_parts(parts.write_services(made["services"]))
    if kind == "sweep":
        node["trial"] = {"componentId": references.write_component(made.pop("trial", None))}
    else:
        node["componentId"] = references.write_component(_component(component, made))
    for key, value in made.items():
        write = _WRITERS.get(key)
        node[key] = value if write is None else snaked(write(value) or {})
    return node


def _component(component: Any, step: dict[str, Any]) -> Any:
    """Give a step's component; of a step that says itself what it runs, what it says."""
    own = {key: step.pop(key) for key in ("command", "code", "environment", "task", "entry") if key in step}
    return own if component is None else component


def _type_of(component: Any, references: References) -> str:
    found = references.component_of(component) if isinstance(component, str) else component
    return str((found or {}).get("type") or "command")


def _snake_parts(found: Mapping[str, Any]) -> dict[str, Any]:
    return {name: snaked(part) for name, part in found.items()}
