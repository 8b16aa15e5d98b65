"""Where a job's artifacts and named outputs lie."""

from __future__ import annotations

from typing import Any

ARTIFACTS = "artifacts"
"""The output that every job has without declaring it: ``./outputs``, ``./logs`` and the logs."""

_UNTYPED = "uri_folder"


def artifacts_uri(job: str) -> str:
    """Give the address of a job's artifact folder."""
    return f"azureml://datastores/workspaceartifactstore/paths/ExperimentRun/dcid.{job}/"


def output_uri(job: str, name: str, declared: dict[str, Any] | None) -> str:
    """Give the address of a named output: what the document asks for, or the default place.

    Args:
        declared: the output's entry in the document, None when it is only used in the command.
    """
    path = (declared or {}).get("path")
    if isinstance(path, str) and path:
        return path.replace("${{name}}", job).replace("${{default_datastore}}", "workspaceblobstore")
    tail = "" if output_type(declared) == "uri_file" else "/"
    return f"azureml://datastores/workspaceblobstore/paths/azureml/{job}/{name}{tail}"


def output_type(declared: dict[str, Any] | None) -> str:
    """Give the type of an output, ``uri_folder`` when the document does not say."""
    return str((declared or {}).get("type") or _UNTYPED)
