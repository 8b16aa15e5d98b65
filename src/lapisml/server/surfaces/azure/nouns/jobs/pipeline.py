"""Pipelines: their REST form and our document. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from lapisml.server.surfaces.azure.nouns.jobs.common import Readers, read_common, taken, write_common
from lapisml.server.surfaces.azure.nouns.jobs.data import read_inputs, read_outputs, write_inputs, write_outputs
from lapisml.server.surfaces.azure.nouns.jobs.references import References
from lapisml.server.surfaces.azure.nouns.jobs.steps import read_step, write_step
from lapisml.server.surfaces.azure.nouns.jobs.words import filled, mapping, snaked

_FOR_CLIENTS = ("_source", "ml_flow_run", "mlflow_run")
_PARALLEL = (
    "task", "input_data", "mini_batch_size", "partition_keys", "mini_batch_error_threshold", "error_threshold",
    "retry_settings", "logging_level", "max_concurrency_per_instance", "environment_variables", "resources",
    "queue_settings", "inputs", "outputs", "compute",
)  # fmt: skip


def read_pipeline(body: Mapping[str, Any], references: References) -> dict[str, Any]:
    """Read the `properties` of a pipeline job.

    Raises:
        LapisError: DocumentInvalid, NotSupported.
    """
    readers: Readers = {
        "inputs": ("inputs", partial(read_inputs, references=references)),
        "outputs": ("outputs", partial(read_outputs, references=references)),
        "settings": ("settings", partial(_read_settings, references=references)),
        "jobs": ("jobs", partial(_read_steps, references=references)),
        "componentId": ("component", lambda value, _path: references.read(value, "component")),
    }
    return {**read_common(body, "pipeline", readers, references), **taken(body, readers)}


def write_pipeline(document: Mapping[str, Any], references: References) -> dict[str, Any]:
    """Write the `properties` of a pipeline job."""
    component = document.get("component")
    return {
        **write_common(document, "Pipeline", references),
        "settings": _write_settings(document.get("settings"), references),
        **filled({"componentId": references.write_component(component) if component else None}),
        "inputs": write_inputs(document.get("inputs"), references),
        "outputs": write_outputs(document.get("outputs")),
        "jobs": {name: write_step(name, step, references) for name, step in (document.get("jobs") or {}).items()},
    }


def write_parallel(document: Mapping[str, Any], references: References) -> dict[str, Any]:
    """Write a mini-batch job that stands alone, which ARM knows only as a step, as a pipeline with this one step."""
    step = {"type": "parallel", **{key: document[key] for key in _PARALLEL if document.get(key) is not None}}
    around = {key: value for key, value in document.items() if key not in _PARALLEL}
    return write_pipeline({**around, "jobs": {"parallel": step}}, references)


def _read_settings(body: Any, path: str, references: References) -> dict[str, Any]:
    made = {key: value for key, value in snaked(mapping(body, path)).items() if key not in _FOR_CLIENTS}
    for key, kind in (("default_compute", "compute"), ("default_datastore", "datastore")):
        if isinstance(made.get(key), str):
            made[key] = references.read(made[key], kind)
    return made


def _write_settings(settings: Any, references: References) -> dict[str, Any]:
    made = dict(settings or {})
    for key, kind in (("default_compute", "compute"), ("default_datastore", "datastore")):
        if made.get(key):
            made[key] = references.write(made[key], kind)
    return made


def _read_steps(body: Any, path: str, references: References) -> dict[str, Any]:
    return {name: read_step(step, f"{path}.{name}", references) for name, step in mapping(body, path).items()}
