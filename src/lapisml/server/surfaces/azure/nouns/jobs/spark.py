"""Spark jobs: their REST form and our document. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from lapisml.server.surfaces.azure.nouns.jobs.common import Readers, as_is, read_common, taken, write_common
from lapisml.server.surfaces.azure.nouns.jobs.data import read_inputs, read_outputs, write_inputs, write_outputs
from lapisml.server.surfaces.azure.nouns.jobs.parts import read_queue, read_resources, write_queue, write_resources
from lapisml.server.surfaces.azure.nouns.jobs.references import References
from lapisml.server.surfaces.azure.nouns.jobs.words import cameled, filled, mapping, snaked

_ENTRIES = {"file": "SparkJobPythonEntry", "class_name": "SparkJobScalaEntry"}
_LISTS = {"pyFiles": "py_files", "jars": "jars", "files": "files", "archives": "archives"}


def read_spark(body: Mapping[str, Any], references: References) -> dict[str, Any]:
    """Read the `properties` of a Spark job.

    Raises:
        LapisError: DocumentInvalid, NotSupported.
    """
    readers: Readers = {
        "codeId": ("code", lambda value, _path: references.read(value, "code")),
        "entry": ("entry", read_entry),
        **{theirs: (ours, as_is) for theirs, ours in _LISTS.items()},
        "conf": ("conf", as_is),
        "args": ("args", as_is),
        "environmentId": ("environment", lambda value, _path: references.read(value, "environment")),
        "inputs": ("inputs", partial(read_inputs, references=references)),
        "outputs": ("outputs", partial(read_outputs, references=references)),
        "resources": ("resources", read_resources),
        "queueSettings": ("queue_settings", read_queue),
        "environmentVariables": ("environment_variables", as_is),
    }
    return {**read_common(body, "spark", readers, references), **taken(body, readers)}


def write_spark(document: Mapping[str, Any], references: References) -> dict[str, Any]:
    """Write the `properties` of a Spark job."""
    return {
        **write_common(document, "Spark", references),
        "entry": write_entry(document.get("entry")),
        **filled({theirs: document.get(ours) for theirs, ours in _LISTS.items()}),
        **filled(
            {
                "codeId": references.write(document.get("code"), "code"),
                "args": document.get("args"),
                "environmentId": references.write_environment(document.get("environment")),
                "resources": write_resources(document.get("resources")),
                "queueSettings": write_queue(document.get("queue_settings")),
            }
        ),
        "conf": {key: str(value) for key, value in (document.get("conf") or {}).items()},
        "inputs": write_inputs(document.get("inputs"), references),
        "outputs": write_outputs(document.get("outputs")),
    }


def read_entry(body: Any, path: str) -> dict[str, Any]:
    """Read what Spark runs."""
    made = snaked(mapping(body, path))
    made.pop("spark_job_entry_type", None)
    return made


def write_entry(entry: Any) -> dict[str, Any]:
    """Write what Spark runs."""
    made = entry or {}
    kind = next((kind for key, kind in _ENTRIES.items() if key in made), _ENTRIES["file"])
    return {"sparkJobEntryType": kind, **cameled(made)}
