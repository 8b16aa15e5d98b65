"""Inputs and outputs of jobs and of nodes, as ARM writes them and as our documents do. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lapisml.server.surfaces.azure.nouns.jobs.references import References
from lapisml.server.surfaces.azure.nouns.jobs.words import (
    INPUT_MODES,
    OUTPUT_MODES,
    cameled,
    filled,
    mapping,
    snaked,
)

_LITERAL = "literal"
_MODELS = ("mlflow_model", "custom_model", "triton_model")


def read_inputs(body: Any, path: str, references: References) -> dict[str, Any]:
    """Read inputs; one without a value is not given."""
    found = {name: _read_input(given, references) for name, given in mapping(body, path).items() if given is not None}
    return {name: given for name, given in found.items() if given is not None}


def _read_input(given: Any, references: References) -> Any:
    if not isinstance(given, Mapping):
        return given
    made = snaked(given)
    kind = str(made.pop("job_input_type", _LITERAL))
    if "mode" in made:
        made["mode"] = INPUT_MODES.read(made["mode"])
    if kind.casefold() == _LITERAL:
        value = made.pop("value", None)
        made.pop("type", None)  # nodes say here once more that it is a literal
        return {"path": value, **made} if made and value is not None else value
    uri = made.pop("uri", None)
    return {"type": kind, "path": references.read_uri(uri), **made} if uri is not None else {"type": kind, **made}


def write_inputs(inputs: Any, references: References) -> dict[str, Any]:
    """Write inputs."""
    return {name: _write_input(given, references) for name, given in (inputs or {}).items()}


def _write_input(given: Any, references: References) -> dict[str, Any]:
    if not isinstance(given, Mapping):
        return {"jobInputType": _LITERAL, "value": str(given)}
    path = given.get("path")
    if path is None:
        value = given.get("value", given.get("default"))
        return filled({"jobInputType": _LITERAL, "description": given.get("description")}) | (
            {} if value is None else {"value": str(value)}
        )
    mode = INPUT_MODES.write(given["mode"]) if given.get("mode") else None
    if "${{" in str(path):
        return filled({"jobInputType": _LITERAL, "value": path, "mode": mode})
    kind = str(given.get("type") or "uri_folder")
    uri = references.write(path, "model" if kind in _MODELS else "data") if _is_asset(path) else path
    extra = {key: value for key, value in given.items() if key not in ("type", "path", "mode")}
    return {"jobInputType": kind, "uri": uri, **filled({"mode": mode}), **cameled(extra)}


def _is_asset(path: Any) -> bool:
    return str(path).startswith("azureml:") and not str(path).startswith("azureml://")


def read_outputs(body: Any, path: str, references: References) -> dict[str, Any]:
    """Read outputs."""
    return {name: _read_output(given, f"{path}.{name}", references) for name, given in mapping(body, path).items()}


def _read_output(given: Any, path: str, references: References) -> Any:
    made = snaked(mapping(given, path))
    if "mode" in made:
        made["mode"] = OUTPUT_MODES.read(made["mode"])
    for theirs, ours in (("asset_name", "name"), ("asset_version", "version"), ("uri", "path")):
        if theirs in made:
            made[ours] = made.pop(theirs)
    if "path" in made:
        made["path"] = references.read_uri(made["path"])
    if "job_output_type" in made:
        return {"type": made.pop("job_output_type"), **made}
    binding, kind = made.pop("value", None), made.pop("type", None)
    if binding is None:
        return {**filled({"type": kind}), **made}
    return {"path": binding, **made} if made else binding


def write_outputs(outputs: Any, *, of_node: bool = False) -> dict[str, Any]:
    """Write outputs.

    Args:
        of_node: whether they are a node's, where the name to register under has other keys.
    """
    return {name: _write_output(given, of_node) for name, given in (outputs or {}).items()}


def _write_output(given: Any, of_node: bool) -> dict[str, Any]:
    if isinstance(given, str):
        return {"value": given, "type": _LITERAL}
    made = cameled(given or {})
    if "mode" in made:
        made["mode"] = OUTPUT_MODES.write(made["mode"])
    kind, path = made.pop("type", None), made.pop("path", None)
    if not of_node:
        for ours, theirs in (("name", "assetName"), ("version", "assetVersion")):
            if ours in made:
                made[theirs] = made.pop(ours)
    if path is not None and of_node and "${{" in str(path):
        return {"value": path, "type": _LITERAL, **made}
    return {"jobOutputType": kind or "uri_folder", **filled({"uri": path}), **made}
